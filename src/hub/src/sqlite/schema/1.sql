-- Version 1, as it was first released: never changed, later versions follow from it. Times are milliseconds since 1970 UTC; ids are their text form; digests are 32 bytes.

CREATE TABLE enrolment_codes (
    secret_digest BLOB PRIMARY KEY CHECK (length(secret_digest) = 32),
    booth_name    TEXT NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE booths (
    booth        TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    manifest_key BLOB NOT NULL CHECK (length(manifest_key) = 32),
    enrolled_at  INTEGER NOT NULL,
    revoked_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE officers (
    officer       TEXT PRIMARY KEY,
    login         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    languages     TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_secret   BLOB NOT NULL,
    totp_step     INTEGER NOT NULL DEFAULT 0,
    disabled_at   INTEGER
) STRICT, WITHOUT ROWID;

-- Sealed bytes. `claim` is set once a claim needs the part.
CREATE TABLE parts (
    id          INTEGER PRIMARY KEY,
    booth       TEXT NOT NULL,
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    received_at INTEGER NOT NULL,
    claim       TEXT,
    bytes       BLOB NOT NULL,
    UNIQUE (booth, digest)
) STRICT;
CREATE INDEX parts_orphans ON parts (booth, received_at) WHERE claim IS NULL;

CREATE TABLE claims (
    sequence          INTEGER PRIMARY KEY,
    claim             TEXT NOT NULL UNIQUE,
    booth             TEXT NOT NULL REFERENCES booths (booth),
    received_at       INTEGER NOT NULL,
    manifest_digest   BLOB NOT NULL CHECK (length(manifest_digest) = 32),
    manifest          TEXT NOT NULL,
    signature         TEXT NOT NULL,
    receipt           TEXT NOT NULL,
    receipt_signature TEXT NOT NULL,
    vouched           INTEGER NOT NULL,
    decided_by        TEXT,
    decided_at        INTEGER,
    decision          TEXT
) STRICT;
CREATE INDEX claims_received ON claims (received_at);
CREATE INDEX claims_undecided ON claims (sequence) WHERE vouched = 0 AND decided_at IS NULL;

-- What officers decided in a call; the last word counts.
CREATE TABLE session_decisions (
    session    TEXT PRIMARY KEY,
    officer    TEXT NOT NULL,
    verified   INTEGER NOT NULL,
    decided_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ratings (
    claim    TEXT PRIMARY KEY,
    booth    TEXT NOT NULL,
    rating   INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 4),
    rated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    text     TEXT NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
