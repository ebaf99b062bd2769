//! A day in figures: all of the branch for who oversees it, the own ones for an officer. As JSON, and as files to keep.

use super::Shared;
use super::error::ApiError;
use super::guard::Serving;
use crate::clock::{day_number, local_day, wall_now};
use crate::ledger::{LedgerError, OfficerRow};
use crate::sheet;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bilik_claim::statistics::DayStatistics;
use bilik_claim::text::Language;
use jiff::civil::{Date, date};
use serde::Deserialize;

/// Days before and after which there is nothing to tell.
const FIRST: Date = date(2020, 1, 1);
const LAST: Date = date(2199, 12, 31);

#[derive(Deserialize)]
pub struct DayQuery {
    /// `2026-11-23`, in the branch's time zone. None: today.
    day: Option<String>,
}

#[derive(Deserialize)]
pub struct ExportQuery {
    day: Option<String>,
    format: Format,
    #[serde(default)]
    language: Language,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Xlsx,
}

/// 400 if the day is none.
pub async fn day(
    State(hub): State<Shared>,
    Serving(officer): Serving,
    Query(query): Query<DayQuery>,
) -> Result<Json<DayStatistics>, ApiError> {
    of(&hub, &officer.row, query.day.as_deref()).await.map(Json)
}

/// The same as a file.
pub async fn export(
    State(hub): State<Shared>,
    Serving(officer): Serving,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let day = of(&hub, &officer.row, query.day.as_deref()).await?;
    let table = sheet::Table::of(&day, query.language);
    let (extension, kind, bytes) = match query.format {
        Format::Csv => ("csv", "text/csv; charset=utf-8", table.csv().into_bytes()),
        Format::Xlsx => {
            let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            let bytes = table.xlsx().inspect_err(|error| tracing::error!(%error, "failed to write a sheet"));
            ("xlsx", kind, bytes.map_err(|_| ApiError::Internal)?)
        }
    };
    let name = format!("attachment; filename=\"bilik-{}.{extension}\"", day.day);
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], bytes).into_response())
}

async fn of(hub: &Shared, row: &OfficerRow, day: Option<&str>) -> Result<DayStatistics, ApiError> {
    let offset = hub.config.time_zone.utc_offset_hours();
    let day = match day {
        None => local_day(wall_now(), offset),
        Some(text) => number(text).ok_or(ApiError::Malformed)?,
    };
    let only = (!row.role.oversees()).then_some(row.officer);
    hub.blocking(move |ledger| ledger.day(day, offset, only)).await.map_err(|error: LedgerError| error.into())
}

/// Days since 1970.
fn number(day: &str) -> Option<i64> {
    day.parse().ok().filter(|day| (FIRST..=LAST).contains(day)).map(day_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_number() {
        let check = |text, expect| assert_eq!(number(text), expect, "{text}");
        check("2026-11-23", Some(20_780));
        check("2020-01-01", Some(18_262));
        check("2019-12-31", None);
        check("2200-01-01", None);
        check("2026-02-30", None);
        check("kemarin", None);
        check("", None);
        check("-9999-01-01", None);
    }
}
