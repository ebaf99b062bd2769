-- Version 4. What booths tell of their machines.

-- `report`: JSON, the last one; `told_at`: when it, or the same, came last, to ten minutes.
CREATE TABLE booth_machines (
    booth   TEXT PRIMARY KEY REFERENCES booths (booth),
    told_at INTEGER NOT NULL,
    report  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
