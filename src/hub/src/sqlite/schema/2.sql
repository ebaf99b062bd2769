-- Version 2. A booth may have had several keys, an enrolment code may be for a booth that is known already, a decision
-- names its booth and vouches for one claim, a booth corrects its own rating.

CREATE TABLE booth_keys (
    booth      TEXT NOT NULL REFERENCES booths (booth),
    key        BLOB NOT NULL CHECK (length(key) = 32),
    since      INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (booth, key)
) STRICT, WITHOUT ROWID;
INSERT INTO booth_keys (booth, key, since, retired_at)
    SELECT booth, manifest_key, enrolled_at, revoked_at FROM booths;
ALTER TABLE booths DROP COLUMN manifest_key;

-- NULL: the code makes a new booth.
ALTER TABLE enrolment_codes ADD COLUMN booth TEXT;

-- NULL: not known, and then it vouches for nothing. What version 1 left out stands in the audit trail.
ALTER TABLE session_decisions ADD COLUMN booth TEXT;
UPDATE session_decisions SET booth = assigned.booth
    FROM (SELECT json_extract(text, '$.session') AS session, json_extract(text, '$.booth') AS booth
          FROM audit WHERE text LIKE '{"event":"assigned",%') AS assigned
    WHERE assigned.session = session_decisions.session;

ALTER TABLE claims ADD COLUMN session TEXT;
UPDATE claims SET session = json_extract(manifest, '$.standing.session');
-- Version 1 let one decision vouch for several claims: all but the first are for an officer to look at.
UPDATE claims SET vouched = 0
    WHERE vouched = 1 AND EXISTS (
        SELECT 1 FROM claims AS first
        WHERE first.session = claims.session AND first.vouched = 1 AND first.sequence < claims.sequence);
CREATE UNIQUE INDEX claims_vouched ON claims (session) WHERE vouched = 1;

ALTER TABLE ratings RENAME TO ratings_1;
CREATE TABLE ratings (
    claim    TEXT NOT NULL,
    booth    TEXT NOT NULL,
    rating   INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 4),
    rated_at INTEGER NOT NULL,
    PRIMARY KEY (claim, booth)
) STRICT, WITHOUT ROWID;
INSERT INTO ratings (claim, booth, rating, rated_at)
    SELECT claim, booth, rating, rated_at FROM ratings_1
    WHERE NOT EXISTS (SELECT 1 FROM claims WHERE claims.claim = ratings_1.claim AND claims.booth <> ratings_1.booth);
DROP TABLE ratings_1;
CREATE INDEX ratings_of_booth ON ratings (booth, rated_at);
