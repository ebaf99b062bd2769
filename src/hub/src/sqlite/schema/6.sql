-- Version 6. Officers' notes about claims, sealed; and verified claims that a supervisor opens again.

-- Since when an officer's word no longer stands: the claim waits for another one.
ALTER TABLE claims ADD COLUMN reopened_at INTEGER;
DROP INDEX claims_undecided;
CREATE INDEX claims_undecided ON claims (sequence)
    WHERE (vouched = 0 OR reopened_at IS NOT NULL) AND decided_at IS NULL;

-- `session`: of a note that was left in a call; its claim comes later, or never. `recipient`: whose key opens it.
CREATE TABLE notes (
    number     INTEGER PRIMARY KEY,
    claim      TEXT,
    session    TEXT,
    officer    TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    about      TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    CHECK (claim IS NOT NULL OR session IS NOT NULL)
) STRICT;
CREATE INDEX notes_claim ON notes (claim);
CREATE INDEX notes_session ON notes (session) WHERE session IS NOT NULL;
