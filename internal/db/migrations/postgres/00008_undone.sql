-- +goose Up

ALTER TABLE copy_task ADD COLUMN undone_at BIGINT NOT NULL DEFAULT 0; -- when it was last undone, as far as it could be; 0 for never
