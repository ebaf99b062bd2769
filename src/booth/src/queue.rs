//! `bilik-booth queue`: the technician's view of the claims that the hub has not confirmed. Shows ids only; the booth
//! cannot open them.

use bilik_journal::{DATABASE, JournalError, JournalView, QueueRow, QueueState};
use std::io::Write;
use std::path::Path;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum QueueError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("failed to write the list")]
    Output(#[from] std::io::Error),
}

/// One line for each claim, oldest first.
pub fn list(state_dir: &Path, out: &mut impl Write) -> Result<(), QueueError> {
    let rows = JournalView::open(&state_dir.join(DATABASE))?.list()?;
    let waiting = rows.iter().filter(|row| !matches!(row.state, QueueState::Confirmed { .. })).count();
    for row in &rows {
        writeln!(out, "{}", line(row))?;
    }
    writeln!(out, "{waiting} not confirmed by the hub, {} in all", rows.len())?;
    Ok(())
}

/// Copies each sealed claim to `directory`, for the hub's operator to open.
pub fn recover(state_dir: &Path, directory: &Path, out: &mut impl Write) -> Result<(), QueueError> {
    let exported = JournalView::open(&state_dir.join(DATABASE))?.export(directory)?;
    writeln!(
        out,
        "{} claims in {} parts ({} bytes) written to {}",
        exported.claims,
        exported.parts,
        exported.bytes,
        directory.display()
    )?;
    for claim in &exported.damaged {
        writeln!(out, "{claim}: damaged; what could be read is written")?;
    }
    Ok(())
}

fn line(row: &QueueRow) -> String {
    let state = match &row.state {
        QueueState::Queued => "waits for the hub".to_owned(),
        QueueState::Refused { reason } => format!("refused: {reason}"),
        QueueState::Confirmed { ledger_sequence } => format!("confirmed as {ledger_sequence}"),
    };
    format!(
        "{:>6}  {}  {}  {:>2} parts {:>9} bytes  {state}",
        row.sequence, row.tracking, row.claim, row.parts, row.bytes
    )
}
