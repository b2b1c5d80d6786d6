-- +goose Up

-- Which entries have which words in their names, see drive/words.go. An entry is its
-- row's number; its words are kept as numbers, and not beside each other. What is to be
-- merged is merged by who writes, see db/words.go.
CREATE VIRTUAL TABLE drive_words USING fts5(words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
INSERT INTO drive_words (drive_words, rank) VALUES ('automerge', 0);

-- Entries whose names are not in drive_words as they are: new ones, renamed ones, and
-- those that have gone. Whoever changes a name notes it here, whether he knows or not.
CREATE TABLE drive_unindexed (
  account_id INTEGER NOT NULL,
  id         INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) WITHOUT ROWID;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('drive_unindexed', 'drive_unindexed', '10000 1000 1');

-- +goose StatementBegin
CREATE TRIGGER drive_made AFTER INSERT ON drive_entry WHEN NEW.id <> 0 BEGIN
  INSERT INTO drive_unindexed (account_id, id) VALUES (NEW.account_id, NEW.id) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER drive_renamed AFTER UPDATE OF name ON drive_entry WHEN NEW.name <> OLD.name BEGIN
  INSERT INTO drive_unindexed (account_id, id) VALUES (NEW.account_id, NEW.id) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER drive_gone AFTER DELETE ON drive_entry WHEN OLD.id <> 0 BEGIN
  INSERT INTO drive_unindexed (account_id, id) VALUES (OLD.account_id, OLD.id) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd

INSERT INTO drive_unindexed (account_id, id) SELECT account_id, id FROM drive_entry WHERE id <> 0;
