//! `update …`

use crate::admin::{self, AdminError};
use crate::config::Config;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Update {
    #[command(subcommand)]
    command: Option<UpdateCommand>,
}

#[derive(Subcommand)]
enum UpdateCommand {
    /// Offer a bundle to all booths, in place of what was offered before.
    Offer {
        file: PathBuf,
        /// Its version, if the file does not tell it.
        #[arg(long)]
        version: Option<String>,
        /// Booths restart into it as soon as nobody is there, not only between 20:00 and 05:00.
        #[arg(long)]
        now: bool,
    },
    /// Offer nothing any more. What booths have installed stays.
    Withdraw,
}

/// What is to be printed, line by line.
pub(super) fn run(update: &Update, config: &Config) -> Result<Vec<String>, AdminError> {
    match &update.command {
        None => admin::show_update(config),
        Some(UpdateCommand::Offer { file, version, now }) => {
            let offer = admin::offer_update(config, file, version.as_deref(), *now)?;
            Ok(vec![admin::offer_line(&offer)])
        }
        Some(UpdateCommand::Withdraw) => Ok(vec![match admin::withdraw_update(config)? {
            Some(offer) => format!("{} is offered no more", offer.version),
            None => "no update was offered".into(),
        }]),
    }
}
