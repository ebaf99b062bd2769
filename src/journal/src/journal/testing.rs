//! What only tests do with a journal.

use super::Journal;
use crate::error::JournalError;

impl Journal {
    /// Claims that are not confirmed, queued and refused.
    pub fn len(&self) -> Result<u64, JournalError> {
        self.stats().map(|s| s.queued + s.refused)
    }

    pub fn is_empty(&self) -> Result<bool, JournalError> {
        self.len().map(|length| length == 0)
    }

    /// Lets SQLite run out of space as on a full disk.
    pub(crate) fn limit_pages(&self, pages: i64) {
        self.db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    }

    /// From here on no claim's state can be changed.
    pub(crate) fn refuse_changes(&self) {
        let trigger = "CREATE TEMP TRIGGER refuse BEFORE UPDATE ON claim BEGIN SELECT RAISE(ABORT, 'refused'); END";
        self.db.execute_batch(trigger).unwrap();
    }

    /// Stops the journal as a failing disk does.
    pub(crate) fn stop(&self, reason: &str) {
        self.watch(&Err::<(), _>(JournalError::Failed(reason.into())));
    }
}
