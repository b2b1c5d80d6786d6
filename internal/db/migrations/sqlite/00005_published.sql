-- +goose Up

-- What refers to a file is found image by image, however often each was published.
DROP INDEX publication_drive;
DROP INDEX publication_place;
CREATE INDEX publication_drive ON publication (account_id, drive_id, image_id);
CREATE INDEX publication_place ON publication (account_id, parent_id, name, image_id);
DELETE FROM sqlite_stat1 WHERE idx IN ('publication_drive', 'publication_place');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('publication', 'publication_drive', '10000000 1000000 10 1'),
  ('publication', 'publication_place', '10000000 1000000 1000 10 1');
