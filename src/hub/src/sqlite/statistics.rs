use super::{SqliteLedger, audit, optional_text, storage, text};
use crate::clock::{DAY_MS, HOUR_MS, day_start};
use crate::ledger::{AuditEvent, DecisionKind, Duty, LedgerError, Statistics, Visit, VisitOutcome};
use bilik_claim::ids::{OfficerId, WallTime};
use bilik_claim::sentence::Code;
use bilik_claim::statistics::{ALARM_MS, DayStatistics, Figures, HourFigures, OfficerFigures, ReasonCount, Waits};
use bilik_claim::wire::Decision;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

impl Statistics for SqliteLedger {
    fn note_visit(&self, visit: &Visit) -> Result<(), LedgerError> {
        const OPERATION: &str = "note a visit";
        self.write(OPERATION, |transaction| {
            // Lists of numbers and of names: they always serialise.
            let json = |list: serde_json::Result<String>| list.unwrap_or_default();
            let new = transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO visits (session, booth, officer, began_at, ended_at, outcome, reasons,
                         unseated_ms, waits_ms, attention_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )
                .and_then(|mut statement| {
                    statement.execute(params![
                        visit.session.to_string(),
                        visit.booth.to_string(),
                        visit.officer.map(|officer| officer.to_string()),
                        visit.began_at.0,
                        visit.ended_at.0,
                        visit.outcome.code(),
                        json(serde_json::to_string(&visit.reasons)),
                        visit.unseated_ms,
                        json(serde_json::to_string(&visit.waits_ms)),
                        visit.attention_ms,
                    ])
                })
                .map_err(|source| storage(OPERATION, source))?;
            if new == 0 {
                return Ok(());
            }
            let Visit { session, booth, outcome, .. } = *visit;
            audit::append(transaction, visit.ended_at, &AuditEvent::VisitEnded { session, booth, outcome })
        })
    }

    fn note_duty(&self, duty: &Duty) -> Result<(), LedgerError> {
        const OPERATION: &str = "note time on duty";
        self.write(OPERATION, |transaction| {
            // It is told when an hour turns, so what ends with the hour belongs to it.
            let hour = (duty.until.0 - 1).div_euclid(HOUR_MS);
            transaction
                .prepare_cached(
                    "INSERT INTO duty (officer, hour, lasted_ms) VALUES (?1, ?2, ?3)
                     ON CONFLICT (officer, hour) DO UPDATE SET lasted_ms = lasted_ms + ?3",
                )
                .and_then(|mut statement| statement.execute(params![duty.officer.to_string(), hour, duty.lasted_ms]))
                .map(drop)
                .map_err(|source| storage(OPERATION, source))
        })
    }

    fn day(&self, day: i64, utc_offset_hours: i64, officer: Option<OfficerId>) -> Result<DayStatistics, LedgerError> {
        let from = day_start(day, utc_offset_hours);
        let until = WallTime(from.0 + DAY_MS);
        let (gathered, names) = self.read("read a day's statistics", |connection| {
            let mut gathered = Gathered {
                from,
                only: officer,
                total: Counts::default(),
                officers: BTreeMap::new(),
                hours: BTreeMap::new(),
            };
            visits(connection, from, until, &mut gathered)?;
            phoned(connection, from, until, &mut gathered)?;
            ratings(connection, from, until, &mut gathered)?;
            duty(connection, from, until, &mut gathered)?;
            let names: BTreeMap<OfficerId, String> = connection
                .prepare_cached("SELECT officer, name FROM officers")?
                .query_map([], |row| Ok((text(row, 0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok((gathered, names))
        })?;
        let mut officers: Vec<OfficerFigures> = gathered
            .officers
            .into_iter()
            .map(|(officer, counts)| OfficerFigures {
                officer,
                name: names.get(&officer).cloned().unwrap_or_default(),
                figures: counts.figures(),
            })
            .collect();
        officers.sort_by(|a, b| (&a.name, a.officer).cmp(&(&b.name, b.officer)));
        let hours = gathered.hours.into_iter().map(|(hour, counts)| HourFigures { hour, figures: counts.figures() });
        let day = jiff::Timestamp::from_millisecond(from.0 + utc_offset_hours * HOUR_MS)
            .map(|midnight| midnight.strftime("%F").to_string())
            .unwrap_or_default();
        Ok(DayStatistics { day, total: gathered.total.figures(), officers, hours: hours.collect() })
    }
}

/// What a day's rows add up to, each in three places: the total, its officer, its hour.
struct Gathered {
    from: WallTime,
    /// Everybody else's rows are left out.
    only: Option<OfficerId>,
    total: Counts,
    officers: BTreeMap<OfficerId, Counts>,
    hours: BTreeMap<u8, Counts>,
}

impl Gathered {
    fn add(&mut self, officer: Option<OfficerId>, at: WallTime, add: impl Fn(&mut Counts)) {
        if self.only.is_some() && self.only != officer {
            return;
        }
        add(&mut self.total);
        let hour = (at.0 - self.from.0).div_euclid(HOUR_MS);
        add(self.hours.entry(u8::try_from(hour).unwrap_or_default()).or_default());
        if let Some(officer) = officer {
            add(self.officers.entry(officer).or_default());
        }
    }
}

#[derive(Default)]
struct Counts {
    figures: Figures,
    duty_ms: i64,
    attention_ms: i64,
    seat_ms: Vec<i64>,
    eyes_ms: Vec<i64>,
    reasons: BTreeMap<Code, u32>,
}

impl Counts {
    fn visit(&mut self, visit: &Visit) {
        let figures = &mut self.figures;
        figures.visits += 1;
        *match visit.outcome {
            VisitOutcome::Verified => &mut figures.verified,
            VisitOutcome::Returned => &mut figures.returned,
            VisitOutcome::Unverified => &mut figures.unverified,
            VisitOutcome::Left => &mut figures.left,
        } += 1;
        // What was spent on those who went is part of what the decided ones cost.
        self.attention_ms += visit.attention_ms;
        self.seat_ms.extend(visit.unseated_ms);
        self.eyes_ms.extend(&visit.waits_ms);
        self.returned(&visit.reasons);
    }

    fn phoned(&mut self, reasons: &[Code]) {
        self.figures.phoned += 1;
        self.returned(reasons);
    }

    fn returned(&mut self, reasons: &[Code]) {
        reasons.iter().for_each(|reason| *self.reasons.entry(*reason).or_default() += 1);
    }

    fn figures(self) -> Figures {
        let decided = self.figures.verified + self.figures.returned;
        let per = |amount: i64, count: i64| (count > 0).then(|| amount as f64 / count as f64);
        let mut reasons: Vec<ReasonCount> =
            self.reasons.into_iter().map(|(reason, count)| ReasonCount { reason, count }).collect();
        reasons.sort_by_key(|row| (std::cmp::Reverse(row.count), row.reason));
        let alarms = self.eyes_ms.iter().filter(|wait| **wait > ALARM_MS).count();
        Figures {
            duty_s: u32::try_from(self.duty_ms / 1000).unwrap_or(u32::MAX),
            per_hour: per(i64::from(decided) * HOUR_MS, self.duty_ms),
            attention_s: per(self.attention_ms, i64::from(decided)).map(|mean| mean / 1000.0),
            seat: Waits::of(self.seat_ms),
            eyes: Waits::of(self.eyes_ms),
            alarms: u32::try_from(alarms).unwrap_or(u32::MAX),
            reasons,
            ..self.figures
        }
    }
}

fn visits(connection: &Connection, from: WallTime, until: WallTime, to: &mut Gathered) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT session, booth, officer, began_at, ended_at, outcome, reasons, unseated_ms, waits_ms, attention_ms
         FROM visits WHERE ended_at >= ?1 AND ended_at < ?2",
    )?;
    let mut rows = statement.query([from.0, until.0])?;
    while let Some(row) = rows.next()? {
        let officer = optional_text(row, 2)?;
        // What a later version may write and this one cannot read counts as nothing.
        let visit = Visit {
            session: text(row, 0)?,
            booth: text(row, 1)?,
            officer,
            began_at: WallTime(row.get(3)?),
            ended_at: WallTime(row.get(4)?),
            outcome: text(row, 5)?,
            reasons: serde_json::from_str(&row.get::<_, String>(6)?).unwrap_or_default(),
            unseated_ms: row.get(7)?,
            waits_ms: serde_json::from_str(&row.get::<_, String>(8)?).unwrap_or_default(),
            attention_ms: row.get(9)?,
        };
        to.add(officer, visit.ended_at, |counts| counts.visit(&visit));
    }
    Ok(())
}

/// Claims that were decided after a call on the phone.
fn phoned(connection: &Connection, from: WallTime, until: WallTime, to: &mut Gathered) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT decided_by, decided_at, decision FROM claims WHERE decided_at >= ?1 AND decided_at < ?2",
    )?;
    let mut rows = statement.query([from.0, until.0])?;
    while let Some(row) = rows.next()? {
        let decision: Option<Decision> = serde_json::from_str(&row.get::<_, String>(2)?).ok();
        let reasons = decision.map(|decision| DecisionKind::of(&decision).1).unwrap_or_default();
        to.add(Some(text(row, 0)?), WallTime(row.get(1)?), |counts| counts.phoned(&reasons));
    }
    Ok(())
}

/// Ratings of claims that are here, for the officer of the visit.
fn ratings(connection: &Connection, from: WallTime, until: WallTime, to: &mut Gathered) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT v.officer, r.rated_at, r.rating
         FROM ratings r JOIN claims c ON c.claim = r.claim AND c.booth = r.booth LEFT JOIN visits v ON v.session = c.session
         WHERE r.rated_at >= ?1 AND r.rated_at < ?2",
    )?;
    let mut rows = statement.query([from.0, until.0])?;
    while let Some(row) = rows.next()? {
        let officer = optional_text(row, 0)?;
        let rating = usize::from(row.get::<_, u8>(2)?).saturating_sub(1);
        to.add(officer, WallTime(row.get(1)?), |counts| {
            if let Some(count) = counts.figures.ratings.get_mut(rating) {
                *count += 1;
            }
        });
    }
    Ok(())
}

fn duty(connection: &Connection, from: WallTime, until: WallTime, to: &mut Gathered) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("SELECT officer, hour, lasted_ms FROM duty WHERE hour >= ?1 AND hour < ?2")?;
    let mut rows = statement.query([from.0.div_euclid(HOUR_MS), until.0.div_euclid(HOUR_MS)])?;
    while let Some(row) = rows.next()? {
        let lasted: i64 = row.get(2)?;
        to.add(Some(text(row, 0)?), WallTime(row.get::<_, i64>(1)? * HOUR_MS), |counts| counts.duty_ms += lasted);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use crate::ledger::{Audit as _, AuditState};
    use bilik_claim::ids::{BoothId, SessionId};
    use uuid::Uuid;

    const SARI: OfficerId = OfficerId(Uuid::from_u128(1));
    const BUDI: OfficerId = OfficerId(Uuid::from_u128(2));
    /// 23 November 2026, 09:00 in Jakarta.
    const NINE: i64 = 1_795_399_200_000;
    const DAY: i64 = 20_780;
    const MINUTE: i64 = 60_000;

    fn visit(number: u128, officer: Option<OfficerId>, ended_at: i64, outcome: VisitOutcome) -> Visit {
        let returned = outcome == VisitOutcome::Returned;
        Visit {
            session: SessionId(Uuid::from_u128(number)),
            booth: BoothId(Uuid::nil()),
            officer,
            began_at: WallTime(ended_at - 10 * MINUTE),
            ended_at: WallTime(ended_at),
            outcome,
            reasons: if returned { vec![Code::WaitingPeriod, Code::Other] } else { vec![] },
            unseated_ms: officer.map(|_| 2000),
            waits_ms: vec![10_000, 31_000],
            attention_ms: 90_000,
        }
    }

    #[test]
    fn a_day_is_told_for_all_for_each_and_by_the_hour() {
        let (dir, ledger) = temporary();
        use VisitOutcome::{Left, Returned, Unverified, Verified};
        let visits = [
            visit(1, Some(SARI), NINE, Verified),
            visit(2, Some(SARI), NINE + 30 * MINUTE, Returned),
            visit(3, Some(BUDI), NINE + 90 * MINUTE, Verified),
            visit(4, None, NINE + 90 * MINUTE, Unverified),
            visit(5, Some(BUDI), NINE + 91 * MINUTE, Left),
            // Midnight, and the moment before: another day's, and this one's last.
            visit(6, Some(SARI), NINE + 15 * 60 * MINUTE, Verified),
            visit(7, Some(SARI), NINE + 15 * 60 * MINUTE - 1, Verified),
        ];
        for one in visits.iter().chain(&visits[..2]) {
            ledger.note_visit(one).unwrap();
        }
        for (officer, until, minutes) in [(SARI, 20, 20), (SARI, 60, 40), (BUDI, 120, 30)] {
            let until = WallTime(NINE + until * MINUTE);
            ledger.note_duty(&Duty { officer, until, lasted_ms: minutes * MINUTE }).unwrap();
        }
        // What is told outlives the process.
        drop(ledger);
        let ledger = SqliteLedger::open(&dir.path().join("hub.db")).unwrap();
        let day = ledger.day(DAY, 7, None).unwrap();
        assert_eq!(day.day, "2026-11-23");
        let figures = |figures: &Figures| {
            let Figures { visits, verified, returned, unverified, left, duty_s, alarms, .. } = figures;
            [*visits, *verified, *returned, *unverified, *left, *duty_s, *alarms]
        };
        assert_eq!(figures(&day.total), [6, 3, 1, 1, 1, 5400, 6]);
        assert_eq!((day.total.per_hour, day.total.attention_s), (Some(4.0 / 1.5), Some(6.0 * 90.0 / 4.0)));
        assert_eq!((day.total.seat.count, day.total.seat.median_s, day.total.eyes.p95_s), (5, Some(2.0), Some(31.0)));
        let row = |reason| ReasonCount { reason, count: 1 };
        assert_eq!(day.total.reasons, [row(Code::WaitingPeriod), row(Code::Other)]);
        let officers: Vec<OfficerId> = day.officers.iter().map(|one| one.officer).collect();
        assert_eq!(officers, [SARI, BUDI]);
        assert_eq!(figures(&day.officers[1].figures), [2, 1, 0, 0, 1, 1800, 2]);
        let hours: Vec<(u8, u32, u32)> =
            day.hours.iter().map(|one| (one.hour, one.figures.visits, one.figures.duty_s)).collect();
        assert_eq!(hours, [(9, 2, 3600), (10, 3, 1800), (23, 1, 0)]);

        let own = ledger.day(DAY, 7, Some(BUDI)).unwrap();
        assert_eq!((figures(&own.total), own.officers.len()), ([2, 1, 0, 0, 1, 1800, 2], 1));
        assert_eq!(own.hours.len(), 1);
        let other = ledger.day(DAY + 1, 7, None).unwrap();
        assert_eq!((other.day.as_str(), other.total.visits), ("2026-11-24", 1));
        assert_eq!(ledger.day(DAY + 2, 7, None).unwrap().total, Figures::default());
        // Each visit once in the trail.
        assert!(matches!(ledger.verify_audit(None).unwrap(), AuditState::Intact { entries: 7, .. }));
    }
}
