//! `keys …`

use crate::admin::{self, AdminError};
use crate::config::Config;
use crate::ledger::KeyKind;
use clap::{Subcommand, ValueEnum};

/// After each change.
const RESTART: &str = "restart the hub: it goes by the keys that it has read at its start";

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Which keys there are, what needs them, and which booths do not know the present ones yet.
    List,
    /// Make a new key. The old one stays beside it: it goes on opening claims, its receipts go on counting.
    Rotate { key: RotatedKey },
    /// Let a replaced key count no more, once every booth knows its successor.
    Retire {
        key: RetiredKey,
        /// N of receipt.key.N.
        number: u32,
        /// Although some booths do not know its successor: those have to be enrolled again.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum RotatedKey {
    /// What booths seal claims to.
    Sealing,
    /// What receipts are signed with.
    Receipt,
}

/// Claims in the ledger are sealed to each sealing key, so none of those ever goes.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum RetiredKey {
    Receipt,
}

/// What is to be printed, line by line.
pub(super) fn run(command: &KeysCommand, config: &Config) -> Result<Vec<String>, AdminError> {
    match command {
        KeysCommand::List => admin::list_keys(config),
        KeysCommand::Rotate { key } => {
            let kind = match key {
                RotatedKey::Sealing => KeyKind::Sealing,
                RotatedKey::Receipt => KeyKind::Receipt,
            };
            let kept = admin::rotate_key(config, kind)?;
            let made = format!("a new key is made; the old one is kept as {}", kept.display());
            Ok(vec![made, RESTART.into(), "back both up".into()])
        }
        KeysCommand::Retire { key: RetiredKey::Receipt, number, force } => {
            let path = admin::retire_receipt_key(config, *number, *force)?;
            Ok(vec![format!("retired; its file is {} and may be deleted", path.display()), RESTART.into()])
        }
    }
}
