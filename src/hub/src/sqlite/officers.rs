use super::{SqliteLedger, audit, storage, text};
use crate::ledger::{AuditEvent, LedgerError, OfficerRow, Officers};
use bilik_claim::ids::{OfficerId, WallTime};
use bilik_claim::text::Language;
use rusqlite::{OptionalExtension as _, Row, params};
use zeroize::Zeroizing;

const COLUMNS: &str =
    "SELECT officer, login, name, role, languages, password_hash, totp_secret, disabled_at IS NOT NULL
    FROM officers";

impl Officers for SqliteLedger {
    fn add_officer(&self, officer: &OfficerRow, now: WallTime) -> Result<bool, LedgerError> {
        self.write("add an officer", |transaction| {
            let languages: Vec<&str> = officer.languages.iter().map(|language| language.code()).collect();
            let added = transaction
                .execute(
                    "INSERT INTO officers (officer, login, name, role, languages, password_hash, totp_secret)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (login) DO NOTHING",
                    params![
                        officer.officer.to_string(),
                        officer.login,
                        officer.name,
                        officer.role.code(),
                        languages.join(","),
                        officer.password_hash,
                        *officer.totp_secret,
                    ],
                )
                .map_err(|source| storage("add an officer", source))?;
            if added > 0 {
                audit::append(transaction, now, &AuditEvent::OfficerAdded { officer: officer.officer })?;
            }
            Ok(added > 0)
        })
    }

    fn officer(&self, officer: OfficerId) -> Result<Option<OfficerRow>, LedgerError> {
        self.read("look an officer up", |connection| {
            connection
                .prepare_cached(&format!("{COLUMNS} WHERE officer = ?1"))?
                .query_row([officer.to_string()], officer_row)
                .optional()
        })
    }

    fn officer_by_login(&self, login: &str) -> Result<Option<OfficerRow>, LedgerError> {
        self.read("look an officer up", |connection| {
            connection
                .prepare_cached(&format!("{COLUMNS} WHERE login = ?1"))?
                .query_row([login], officer_row)
                .optional()
        })
    }

    fn officers(&self) -> Result<Vec<OfficerRow>, LedgerError> {
        self.read("list officers", |connection| {
            connection.prepare_cached(&format!("{COLUMNS} ORDER BY login"))?.query_map([], officer_row)?.collect()
        })
    }

    fn use_totp_step(&self, officer: OfficerId, step: i64) -> Result<bool, LedgerError> {
        self.write("use a one-time code up", |transaction| {
            transaction
                .execute(
                    "UPDATE officers SET totp_step = ?2 WHERE officer = ?1 AND totp_step < ?2",
                    params![officer.to_string(), step],
                )
                .map(|changed| changed > 0)
                .map_err(|source| storage("use a one-time code up", source))
        })
    }

    fn disable_officer(&self, login: &str, now: WallTime) -> Result<bool, LedgerError> {
        self.write("disable an officer", |transaction| {
            let officer: Option<OfficerId> = transaction
                .query_row(
                    "UPDATE officers SET disabled_at = ?2 WHERE login = ?1 AND disabled_at IS NULL RETURNING officer",
                    params![login, now.0],
                    |row| text(row, 0),
                )
                .optional()
                .map_err(|source| storage("disable an officer", source))?;
            if let Some(officer) = officer {
                audit::append(transaction, now, &AuditEvent::OfficerDisabled { officer })?;
            }
            Ok(officer.is_some())
        })
    }
}

fn officer_row(row: &Row<'_>) -> rusqlite::Result<OfficerRow> {
    let role: String = row.get(3)?;
    let role = role.parse().map_err(|reason: String| {
        rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, reason.into())
    })?;
    let languages: String = row.get(4)?;
    Ok(OfficerRow {
        officer: text(row, 0)?,
        login: row.get(1)?,
        name: row.get(2)?,
        role,
        languages: [Language::Id, Language::En]
            .into_iter()
            .filter(|language| languages.split(',').any(|code| code == language.code()))
            .collect(),
        password_hash: row.get(5)?,
        totp_secret: Zeroizing::new(row.get(6)?),
        disabled: row.get(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use crate::ledger::Role;
    use uuid::Uuid;

    fn officer(number: u128, login: &str) -> OfficerRow {
        OfficerRow {
            officer: OfficerId(Uuid::from_u128(number)),
            login: login.into(),
            name: "Petugas Contoh".into(),
            role: Role::Supervisor,
            languages: vec![Language::Id, Language::En],
            password_hash: "$argon2id$".into(),
            totp_secret: Zeroizing::new(vec![1; 20]),
            disabled: false,
        }
    }

    #[test]
    fn an_account_comes_back_whole_and_a_login_is_one_persons() {
        let (_dir, ledger) = temporary();
        assert!(ledger.add_officer(&officer(1, "sari"), WallTime(0)).unwrap());
        assert!(!ledger.add_officer(&officer(2, "SARI"), WallTime(0)).unwrap());
        let found = ledger.officer_by_login("Sari").unwrap().unwrap();
        assert_eq!((found.officer, found.role), (OfficerId(Uuid::from_u128(1)), Role::Supervisor));
        assert_eq!(found.languages, [Language::Id, Language::En]);
        assert_eq!(*found.totp_secret, vec![1; 20]);
        assert!(ledger.officer_by_login("budi").unwrap().is_none());
        assert!(ledger.disable_officer("sari", WallTime(0)).unwrap());
        assert!(!ledger.disable_officer("sari", WallTime(0)).unwrap());
        assert!(ledger.officer(found.officer).unwrap().unwrap().disabled);
        assert_eq!(ledger.officers().unwrap().len(), 1);
    }

    #[test]
    fn a_one_time_code_works_once() {
        let (_dir, ledger) = temporary();
        ledger.add_officer(&officer(1, "sari"), WallTime(0)).unwrap();
        let check = |step, expect| {
            assert_eq!(ledger.use_totp_step(OfficerId(Uuid::from_u128(1)), step).unwrap(), expect, "{step}");
        };
        check(100, true);
        check(100, false);
        check(99, false);
        check(101, true);
    }
}
