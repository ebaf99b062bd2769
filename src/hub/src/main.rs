//! `bilik-hub`, the branch server. Everything is in the library, so that tests can run it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    bilik_hub::cli::main()
}
