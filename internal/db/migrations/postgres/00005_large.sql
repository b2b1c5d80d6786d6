-- +goose Up

-- How large a picture may be is the operator's to say, so it is no part of its class.
UPDATE drive_entry SET class = 1 WHERE class = 3;
