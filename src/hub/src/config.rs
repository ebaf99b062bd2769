//! The one configuration file. Every key is explained in `hub.example.toml`.

use bilik_claim::personal::Personal;
use rustls_pki_types::ServerName;
use serde::Deserialize;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What an operator sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub state_dir: PathBuf,
    pub branch_name: String,
    #[serde(default)]
    pub time_zone: TimeZone,
    pub names: Vec<String>,
    #[serde(default = "default_listen_console")]
    pub listen_console: SocketAddr,
    #[serde(default = "default_listen_booths")]
    pub listen_booths: SocketAddr,
    pub booth_address: Option<String>,
    pub console_certificate: Option<PathBuf>,
    pub console_key: Option<PathBuf>,
    #[serde(default = "default_capacity")]
    pub default_capacity: u8,
    pub metrics_token: Option<Personal>,
    #[serde(default = "default_max_connections")]
    pub max_connections: usize,
    #[serde(default)]
    pub log: LogFormat,
    #[serde(default = "default_log_filter")]
    pub log_filter: String,
}

/// The three zones of Indonesia. None of them has daylight saving time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TimeZone {
    #[default]
    Wib,
    Wita,
    Wit,
}

impl TimeZone {
    /// Hours ahead of UTC.
    pub fn utc_offset_hours(self) -> i64 {
        match self {
            TimeZone::Wib => 7,
            TimeZone::Wita => 8,
            TimeZone::Wit => 9,
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// Why a configuration is refused: one line that names the file, the key and the reason.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: {key}: {reason}", path.display())]
    Key { path: PathBuf, key: String, reason: String },
}

/// Most booths one officer serves at a time (one to many: four to six).
pub const MAX_CAPACITY: u8 = 6;
const MAX_NAME: usize = 200;
const MIN_TOKEN: usize = 16;

fn default_listen_console() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8443)
}

fn default_listen_booths() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8444)
}

fn default_capacity() -> u8 {
    4
}

fn default_max_connections() -> usize {
    512
}

fn default_log_filter() -> String {
    "info".into()
}

impl Config {
    /// Reads and judges the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|(key, reason)| ConfigError::Key { path: path.to_owned(), key, reason })
    }

    fn parse(text: &str) -> Result<Self, (String, String)> {
        let config: Config = toml::from_str(text).map_err(|error| {
            let reason = error.message().replace('\n', " ");
            (key_at(text, error.span()), reason)
        })?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), (String, String)> {
        let refuse = |key: &str, reason: &str| Err((key.to_owned(), reason.to_owned()));
        if self.state_dir.as_os_str().is_empty() {
            return refuse("state_dir", "is empty");
        }
        if self.branch_name.trim().is_empty() || self.branch_name.chars().count() > MAX_NAME {
            return refuse("branch_name", "must have 1 to 200 characters");
        }
        if self.names.is_empty() {
            return refuse("names", "needs at least one host name or IP address");
        }
        if let Some(name) = self.names.iter().find(|name| ServerName::try_from(name.as_str()).is_err()) {
            return refuse("names", &format!("{name:?} is neither a host name nor an IP address"));
        }
        if self.booth_address.as_ref().is_some_and(|address| !is_host_port(address)) {
            return refuse("booth_address", "must be host:port");
        }
        if self.console_certificate.is_some() != self.console_key.is_some() {
            return refuse("console_key", "console_certificate and console_key belong together");
        }
        if !(1..=MAX_CAPACITY).contains(&self.default_capacity) {
            return refuse("default_capacity", "must be 1 to 6");
        }
        if self.metrics_token.as_ref().is_some_and(|token| token.reveal().len() < MIN_TOKEN) {
            return refuse("metrics_token", "must have at least 16 characters");
        }
        if !(8..=65_536).contains(&self.max_connections) {
            return refuse("max_connections", "must be 8 to 65536");
        }
        if self.listen_console == self.listen_booths && self.listen_console.port() != 0 {
            return refuse("listen_booths", "must differ from listen_console");
        }
        if let Err(error) = self.log_filter.parse::<tracing_subscriber::EnvFilter>() {
            return refuse("log_filter", &error.to_string());
        }
        Ok(())
    }

    /// Where booths enrol. None if the port changes with each start.
    pub fn console_address(&self) -> Option<String> {
        let port = self.listen_console.port();
        (port != 0).then(|| self.reached_at(port))
    }

    /// What an enrolling booth is told, given the port that the listener really has.
    pub fn booth_address(&self, port: u16) -> String {
        self.booth_address.clone().unwrap_or_else(|| self.reached_at(port))
    }

    fn reached_at(&self, port: u16) -> String {
        // `validate` keeps the list from being empty.
        let host = self.names.first().map_or("localhost", String::as_str);
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

fn is_host_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        ServerName::try_from(host).is_ok() && port.parse::<u16>().is_ok_and(|port| port != 0)
    })
}

/// The key on the line where the parser stopped, or the one its message is about.
fn key_at(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let start = span.map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..start).unwrap_or_default();
    let line = text.lines().nth(before.matches('\n').count()).unwrap_or_default();
    match line.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() && start > 0 => key.trim().to_owned(),
        Some(_) | None => "configuration".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../hub.example.toml");

    #[test]
    fn example_is_complete_and_shows_the_defaults() {
        let plain = Config::parse(EXAMPLE).unwrap();
        // With every commented key switched on, it must still be read: no key is misspelt in its comment.
        let all: String = EXAMPLE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(rest) if !rest.starts_with(' ') && !rest.is_empty() => format!("{rest}\n"),
                Some(_) | None => format!("{line}\n"),
            })
            .collect();
        let full = Config::parse(&all).unwrap();
        assert_eq!(plain.listen_console, full.listen_console);
        assert_eq!(plain.listen_booths, full.listen_booths);
        assert_eq!(plain.default_capacity, full.default_capacity);
        assert_eq!(plain.max_connections, full.max_connections);
        assert_eq!(plain.time_zone, full.time_zone);
        assert_eq!(plain.log, full.log);
        assert_eq!(plain.log_filter, full.log_filter);
        assert_eq!(plain.booth_address(8444), full.booth_address(1));
        assert!(full.metrics_token.is_some() && full.console_key.is_some() && full.booth_address.is_some());
    }

    #[test]
    fn bad_configuration_names_the_key() {
        let check = |change: (&str, &str), key: &str| {
            let text = EXAMPLE.replace(change.0, change.1);
            assert_ne!(text, EXAMPLE, "{change:?}");
            assert_eq!(Config::parse(&text).unwrap_err().0, key, "{change:?}");
        };
        check(("names = [\"hub.cabang.example\", \"192.0.2.10\"]", "names = []"), "names");
        check(("192.0.2.10", "not a name"), "names");
        check(("#listen_console = \"0.0.0.0:8443\"", "listen_console = \"8443\""), "listen_console");
        check(("#listen_console = \"0.0.0.0:8443\"", "listen_console = \"0.0.0.0:8444\""), "listen_booths");
        check(("#default_capacity = 4", "default_capacity = 7"), "default_capacity");
        check(("#console_key", "console_key"), "console_key");
        check(("#metrics_token = \"a-long-random-text\"", "metrics_token = \"short\""), "metrics_token");
        check(("#time_zone = \"WIB\"", "time_zone = \"CET\""), "time_zone");
        check(("#log = \"text\"", "colour = \"red\""), "colour");
        check(("#booth_address = \"hub.cabang.example:8444\"", "booth_address = \"hub\""), "booth_address");
        check(("#max_connections = 512", "max_connections = 1"), "max_connections");
        check(("branch_name = \"Kantor Cabang Contoh\"", "branch_name = \" \""), "branch_name");
    }

    #[test]
    fn missing_key_is_named_in_the_reason() {
        let (_, reason) = Config::parse("state_dir = \"x\"\nbranch_name = \"y\"").unwrap_err();
        assert!(reason.contains("names"), "{reason}");
    }
}
