-- +goose Up
-- A task of the pictures that another one could not publish.
ALTER TABLE copy_task ADD COLUMN retry_of TEXT NOT NULL DEFAULT ''; -- the other's id; '' for none
