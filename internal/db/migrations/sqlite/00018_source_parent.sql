-- +goose Up

-- The folder that a chosen file was in when its task was made: a file that is gone by the
-- time of the plan was there. The root, for tasks of before this was kept.
ALTER TABLE copy_source ADD COLUMN parent_id INTEGER NOT NULL DEFAULT 0;
