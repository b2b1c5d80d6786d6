-- +goose Up

-- What a task made, and what it put behind links, so that it can be undone.
ALTER TABLE copy_folder ADD COLUMN made_at BIGINT NOT NULL DEFAULT 0; -- 0: found
ALTER TABLE copy_item ADD COLUMN onto TEXT NOT NULL DEFAULT ''; -- the image that is to show the picture; '' for one of the target folder
ALTER TABLE publication ADD COLUMN was_blob BIGINT NOT NULL DEFAULT 0; -- what a re-published image showed before; 0 for the others
ALTER TABLE publication ADD COLUMN was_etag TEXT NOT NULL DEFAULT '';
ALTER TABLE publication ADD COLUMN was_size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE publication ADD COLUMN was_updated BIGINT NOT NULL DEFAULT 0;
ALTER TABLE publication ADD COLUMN undone_at BIGINT NOT NULL DEFAULT 0; -- 0: not undone

-- Where a drive picture is published: by the file, and by its place; image by image,
-- however often each was published.
CREATE INDEX publication_drive ON publication (account_id, drive_id, image_id);
CREATE INDEX publication_place ON publication (account_id, parent_id, name, image_id);

-- What tasks would do, as people were told.
CREATE TABLE copy_plan (
  account_id BIGINT NOT NULL REFERENCES account (id),
  id         TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  task_id    TEXT COLLATE "C" NOT NULL, -- of the task that carries it out; '' for none
  content    BYTEA NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX copy_plan_expiry ON copy_plan (expires_at);
