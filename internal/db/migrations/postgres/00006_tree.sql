-- +goose Up

-- What a folder holds, bytes of the files below it that are not in the trash with
-- something below it: answered without a walk. Of a file it is 0.
ALTER TABLE drive_entry ADD COLUMN total BIGINT NOT NULL DEFAULT 0;
-- The folders of a folder, however many files lie beside them.
CREATE INDEX drive_folder ON drive_entry (account_id, parent_id, id) WHERE class = 0;

-- Each folder's own files are counted by it and by all above it, up to what is in the
-- trash by itself. No tree is deeper than 128 levels.
WITH RECURSIVE up (account_id, id, bytes, level) AS (
  SELECT account_id, parent_id, CAST(sum(size) AS BIGINT), 0 FROM drive_entry WHERE class > 0 AND trashed = 0 GROUP BY account_id, parent_id
  UNION ALL
  SELECT e.account_id, e.parent_id, up.bytes, up.level + 1 FROM up JOIN drive_entry e ON e.account_id = up.account_id AND e.id = up.id
  WHERE e.trashed = 0 AND e.id <> 0 AND up.level <= 128
)
UPDATE drive_entry SET total = s.bytes
FROM (SELECT account_id, id, CAST(sum(bytes) AS BIGINT) AS bytes FROM up GROUP BY account_id, id) s
WHERE drive_entry.account_id = s.account_id AND drive_entry.id = s.id;
