//! `bilik-booth queue`: the technician's view of the claims that the hub has not confirmed, in the queue and in each
//! damaged one that was set aside. Shows ids only; the booth cannot open them.

use bilik_claim::ids::Digest;
use bilik_journal::{DATABASE, JournalError, JournalView, Keys, QueueRow, QueueState, Report, set_aside_files};
use std::io::Write;
use std::path::{Path, PathBuf};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum QueueError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("failed to write the list")]
    Output(#[from] std::io::Error),
    #[error("the queue does not hold together")]
    Unsound,
}

/// One line for each claim, oldest first.
pub fn list(state_dir: &Path, out: &mut impl Write) -> Result<(), QueueError> {
    each(state_dir, out, |view, out| {
        let listed = view.list()?;
        let waits = |row: &&QueueRow| match row.state {
            QueueState::Queued | QueueState::Refused { .. } => true,
            QueueState::Held { .. } | QueueState::Confirmed { .. } => false,
        };
        let waiting = listed.rows.iter().filter(waits).count();
        for row in &listed.rows {
            writeln!(out, "{}", line(row))?;
        }
        writeln!(out, "{waiting} not confirmed by the hub, {} in all", listed.rows.len())?;
        if listed.unreadable > 0 {
            writeln!(out, "{} cannot be read", listed.unreadable)?;
        }
        Ok(())
    })
}

/// Copies each sealed claim to `directory`, for the hub's operator to open. The same claim from a queue and from one that
/// was set aside becomes the same files.
pub fn export(state_dir: &Path, directory: &Path, out: &mut impl Write) -> Result<(), QueueError> {
    each(state_dir, out, |view, out| {
        let exported = view.export(directory)?;
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
        if exported.unreadable > 0 {
            writeln!(out, "{} cannot be read", exported.unreadable)?;
        }
        Ok(())
    })
}

/// Checks every claim, and the audit trail; `keys` are this booth's, if it has enrolled; `head` is of the trail, noted
/// earlier.
///
/// # Errors
///
/// [`QueueError::Unsound`] if anything is wrong with the queue in use; what was set aside is only told of.
pub fn verify(
    state_dir: &Path,
    keys: Option<&Keys>,
    head: Option<Digest>,
    out: &mut impl Write,
) -> Result<(), QueueError> {
    let mut sound = true;
    each(state_dir, out, |view, out| {
        let report = view.verify(keys, head.filter(|_| view.is_in_use()))?;
        tell(&report, out)?;
        sound &= report.is_sound() || !view.is_in_use();
        Ok(())
    })?;
    if sound { Ok(()) } else { Err(QueueError::Unsound) }
}

fn tell(report: &Report, out: &mut impl Write) -> Result<(), QueueError> {
    let Report { claims, parts, audit_entries, .. } = report;
    writeln!(out, "{claims} claims, {parts} parts, {audit_entries} entries of the audit trail")?;
    for problem in report.problems() {
        writeln!(out, "PROBLEM {problem}")?;
    }
    if report.is_sound() {
        writeln!(out, "all is as it was stored")?;
    }
    Ok(())
}

/// The queue in use, then those set aside. One that can't be opened does not stand before the others.
fn each<W: Write>(
    state_dir: &Path,
    out: &mut W,
    mut show: impl FnMut(&JournalView, &mut W) -> Result<(), QueueError>,
) -> Result<(), QueueError> {
    let aside = set_aside_files(state_dir);
    let several = !aside.is_empty();
    let files: Vec<PathBuf> = std::iter::once(state_dir.join(DATABASE)).chain(aside).collect();
    let mut first_error = None;
    for file in files {
        if several {
            writeln!(out, "{}:", file.display())?;
        }
        let shown = JournalView::open(&file).map_err(Into::into).and_then(|view| show(&view, out));
        if let Err(error) = shown {
            if several {
                writeln!(out, "{}", bilik_journal::chain(&error))?;
            }
            first_error.get_or_insert(error);
        }
    }
    first_error.map_or(Ok(()), Err)
}

fn line(row: &QueueRow) -> String {
    let state = match &row.state {
        QueueState::Queued => "waits for the hub".to_owned(),
        QueueState::Refused { reason } => format!("refused: {reason}"),
        QueueState::Held { ledger_sequence } => {
            format!("confirmed as {ledger_sequence}, still here until the hub has it in a backup")
        }
        QueueState::Confirmed { ledger_sequence } => format!("confirmed as {ledger_sequence}"),
    };
    format!(
        "{:>6}  {}  {}  {:>2} parts {:>9} bytes  {state}",
        row.sequence, row.tracking, row.claim, row.parts, row.bytes
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_queue_that_can_not_be_opened_hides_no_other() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["journal.db.corrupt-1", "journal.db.corrupt-3"] {
            std::fs::write(dir.path().join(name), "damaged").unwrap();
        }
        let mut out = Vec::new();
        // There is no journal.db: that is the error, and the others are shown.
        assert!(list(dir.path(), &mut out).is_err());
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("0 not confirmed").count(), 2, "{text}");
        assert!(text.contains("corrupt-3:"), "{text}");
    }
}
