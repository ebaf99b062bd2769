-- Version 3. Claims that booths have receipts of and nobody has any more, backups, and what booths tell of themselves.

-- `manifest_digest` and `ledger_sequence` as the booth's receipt has them. `found_at`: it came back.
CREATE TABLE missing_claims (
    claim           TEXT PRIMARY KEY,
    booth           TEXT NOT NULL REFERENCES booths (booth),
    manifest_digest BLOB NOT NULL CHECK (length(manifest_digest) = 32),
    ledger_sequence INTEGER NOT NULL,
    reported_at     INTEGER NOT NULL,
    found_at        INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX missing_claims_of_booth ON missing_claims (booth);
CREATE INDEX missing_claims_open ON missing_claims (reported_at) WHERE found_at IS NULL;

-- A row is here before its copy is made: so the copy has it too, and there it is never finished. `horizon` is the
-- highest claims.sequence in the copy.
CREATE TABLE backups (
    backup   INTEGER PRIMARY KEY,
    begun_at INTEGER NOT NULL,
    done_at  INTEGER,
    horizon  INTEGER
) STRICT;

-- `keys`: serial of the hub's keys that the booth goes by. `entries` and `hash`: end of its audit trail. `cut_…`: the
-- end that was noted before the trail was last found shorter or changed. `lost`: claims that its disk has lost.
CREATE TABLE booth_reports (
    booth       TEXT PRIMARY KEY REFERENCES booths (booth),
    keys        INTEGER,
    keys_at     INTEGER,
    entries     INTEGER,
    hash        BLOB CHECK (length(hash) = 32),
    trail_at    INTEGER,
    cut_entries INTEGER,
    cut_hash    BLOB CHECK (length(cut_hash) = 32),
    cut_at      INTEGER,
    lost        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
