-- Version 5. What each visit cost in waiting and attention, and how long officers were on duty. No personal data.

-- `officer`: whose it was at its end. `reasons`: JSON list of codes. `unseated_ms`: until its first officer; none: never
-- had one. `waits_ms`: JSON list, how long each need of an officer's eyes waited.
CREATE TABLE visits (
    session      TEXT PRIMARY KEY,
    booth        TEXT NOT NULL,
    officer      TEXT,
    began_at     INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL,
    outcome      TEXT NOT NULL,
    reasons      TEXT NOT NULL,
    unseated_ms  INTEGER,
    waits_ms     TEXT NOT NULL,
    attention_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visits_ended ON visits (ended_at);

-- Hours since 1970, and milliseconds of each in which an officer took participants.
CREATE TABLE duty (
    officer  TEXT NOT NULL,
    hour     INTEGER NOT NULL,
    lasted_ms INTEGER NOT NULL,
    PRIMARY KEY (officer, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX duty_hour ON duty (hour);
CREATE INDEX ratings_rated ON ratings (rated_at);
CREATE INDEX claims_decided ON claims (decided_at) WHERE decided_at IS NOT NULL;
-- A claim is found by the code that its participant has.
CREATE INDEX claims_tracking ON claims (json_extract(manifest, '$.tracking'));
