-- +goose Up

-- What refers to a file is found image by image, however often each was published.
DROP INDEX publication_drive;
DROP INDEX publication_place;
CREATE INDEX publication_drive ON publication (account_id, drive_id, image_id);
CREATE INDEX publication_place ON publication (account_id, parent_id, name, image_id);
