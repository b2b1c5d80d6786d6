-- +goose Up

-- Which entries have which words in their names, see drive/words.go. What waits to be
-- sorted in is little, so that no search and no write has much of it to do.
CREATE TABLE drive_words (
  account_id BIGINT NOT NULL,
  id         BIGINT NOT NULL,
  words      BIGINT[] NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX drive_words_words ON drive_words USING gin (words) WITH (gin_pending_list_limit = 512);

-- Entries whose names are not in drive_words as they are: new ones, renamed ones, and
-- those that have gone. Whoever changes a name notes it here, whether he knows or not.
CREATE TABLE drive_unindexed (
  account_id BIGINT NOT NULL,
  id         BIGINT NOT NULL,
  PRIMARY KEY (account_id, id)
);

-- +goose StatementBegin
CREATE FUNCTION drive_note_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO drive_unindexed (account_id, id) VALUES (coalesce(NEW.account_id, OLD.account_id), coalesce(NEW.id, OLD.id)) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER drive_made AFTER INSERT ON drive_entry FOR EACH ROW WHEN (NEW.id <> 0) EXECUTE FUNCTION drive_note_name();
CREATE TRIGGER drive_renamed AFTER UPDATE OF name ON drive_entry FOR EACH ROW WHEN (NEW.name <> OLD.name) EXECUTE FUNCTION drive_note_name();
CREATE TRIGGER drive_gone AFTER DELETE ON drive_entry FOR EACH ROW WHEN (OLD.id <> 0) EXECUTE FUNCTION drive_note_name();
-- Also for what replication brings.
ALTER TABLE drive_entry ENABLE ALWAYS TRIGGER drive_made, ENABLE ALWAYS TRIGGER drive_renamed, ENABLE ALWAYS TRIGGER drive_gone;

INSERT INTO drive_unindexed (account_id, id) SELECT account_id, id FROM drive_entry WHERE id <> 0;
