//! The profiles there are: those shipped with the program, and those of a folder, which may replace them.

use super::{Profile, ProfileError};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Shipped profiles, in the order in which they are listed.
const SHIPPED: [(&str, &str); 12] = [
    ("line", include_str!("../../profiles/line.toml")),
    ("stx-etx", include_str!("../../profiles/stx-etx.toml")),
    ("honeywell-xenon", include_str!("../../profiles/honeywell-xenon.toml")),
    ("symbol-ls", include_str!("../../profiles/symbol-ls.toml")),
    ("is4825", include_str!("../../profiles/is4825.toml")),
    ("olivetti", include_str!("../../profiles/olivetti.toml")),
    ("zebra-ssi", include_str!("../../profiles/zebra-ssi.toml")),
    ("newland", include_str!("../../profiles/newland.toml")),
    ("zkteco", include_str!("../../profiles/zkteco.toml")),
    ("rte6701", include_str!("../../profiles/rte6701.toml")),
    ("elyctis-idbox", include_str!("../../profiles/elyctis-idbox.toml")),
    ("magtek", include_str!("../../profiles/magtek.toml")),
];

/// Longest file of a profile, in bytes. They have some hundreds.
const MAX_FILE: u64 = 64 * 1024;

/// The profiles there are.
#[derive(Clone, Debug)]
pub struct Profiles(Vec<Profile>);

/// Why a folder of profiles cannot be used.
#[derive(Debug, Error)]
pub enum ProfilesError {
    /// It is not there or not readable.
    #[error("failed to read reader profiles in {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// One of its files is not readable.
    #[error("failed to read reader profile {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// One of its files is no profile.
    #[error("{}, line {line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// One of its files describes no reader.
    #[error("{}: {source}", path.display())]
    Profile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ProfileError,
    },
}

impl Profiles {
    /// Those shipped with the program.
    pub fn shipped() -> Self {
        // A test reads every one of them.
        Self(SHIPPED.iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect())
    }

    /// The file of a shipped profile, to be copied and changed: on a booth none of them lies about.
    pub fn text(name: &str) -> Option<&'static str> {
        SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// Adds the profiles of a folder, `*.toml` in the order of their names. One that has the name of another replaces it.
    ///
    /// # Errors
    /// Names the first file that is no profile, and what is wrong with it.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, ProfilesError> {
        let failed = |source| ProfilesError::Folder { path: folder.to_owned(), source };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        files.sort();
        for path in files {
            self.add(read(&path)?);
        }
        Ok(self)
    }

    /// Adds a profile. One that has the name of another replaces it.
    pub fn add(&mut self, profile: Profile) {
        match self.0.iter_mut().find(|known| known.name == profile.name) {
            Some(known) => *known = profile,
            None => self.0.push(profile),
        }
    }

    /// The profile of this name.
    pub fn by_name(&self, name: &str) -> Option<&Profile> {
        self.0.iter().find(|profile| profile.name == name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.0.iter()
    }

    /// Their names, for messages.
    pub fn names(&self) -> String {
        self.0.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Reads a profile from a file.
///
/// # Errors
/// Names the file, and the line where there is one.
pub fn read(path: &Path) -> Result<Profile, ProfilesError> {
    let failed = |source| ProfilesError::File { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > MAX_FILE {
        return Err(failed(std::io::Error::other(format!("larger than {MAX_FILE} bytes"))));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let profile: Profile = toml::from_str(&text).map_err(|error| ProfilesError::Syntax {
        path: path.to_owned(),
        line: error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.matches('\n').count() + 1),
        message: error.message().replace('\n', " "),
    })?;
    profile.check().map_err(|source| ProfilesError::Profile { path: path.to_owned(), source })?;
    Ok(profile)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Present;
    use std::collections::BTreeSet;

    #[test]
    fn every_shipped_profile_is_sound_named_as_its_file_and_survives_a_file() {
        let shipped = Profiles::shipped();
        assert_eq!(shipped.iter().count(), SHIPPED.len(), "one of them is no profile");
        for (name, text) in SHIPPED {
            let profile: Profile = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(profile.name, name);
            profile.check().unwrap();
            assert!(!profile.title.is_empty() && !profile.source.is_empty(), "{name} has no title or no source");
            assert_eq!(toml::from_str::<Profile>(&toml::to_string(&profile).unwrap()).unwrap(), profile);
            assert_eq!(shipped.by_name(name), Some(&profile));
            assert_eq!(Profiles::text(name), Some(text));
        }
        let names: BTreeSet<_> = shipped.iter().map(|profile| &profile.name).collect();
        assert_eq!(names.len(), SHIPPED.len());
        assert_eq!((shipped.by_name("none"), Profiles::text("none")), (None, None));
        let line = shipped.by_name("line").unwrap();
        assert_eq!((line.line, line.framing), (Profile::line().line, Profile::line().framing));
    }

    #[test]
    fn cards_are_shown_to_each_reader_as_it_is_built() {
        for profile in Profiles::shipped().iter() {
            let expect = match profile.name.as_str() {
                // Whatever reader sends that; nothing tells how it is built.
                "line" | "stx-etx" => Present::Lay,
                "elyctis-idbox" => Present::Lay,
                "magtek" | "rte6701" => Present::Swipe,
                _ => Present::Hold,
            };
            assert_eq!(profile.present, expect, "{}", profile.name);
        }
    }

    #[test]
    fn every_file_is_shipped() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
        let files = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(files, SHIPPED.len());
    }

    #[test]
    fn a_folder_adds_and_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("desk.toml", "name = 'desk'\n[line]\nbaud = 19200");
        write("line.toml", "name = 'line'\n[line]\nbaud = 4800");
        write("readme.txt", "no profile");
        let profiles = Profiles::shipped().with_folder(folder.path()).unwrap();
        assert_eq!(profiles.iter().count(), SHIPPED.len() + 1);
        assert_eq!(profiles.by_name("desk").unwrap().line.baud, 19200);
        assert_eq!(profiles.by_name("line").unwrap().line.baud, 4800);

        let check = |text: &str, expect: &str| {
            write("a.toml", text);
            let error = Profiles::shipped().with_folder(folder.path()).unwrap_err().to_string();
            assert!(error.contains("a.toml") && error.contains(expect), "{error}");
        };
        check("name = 'a'\nbaud = 1", "line 2: unknown field `baud`");
        check("name = 'A'", "lower-case");
        let missing = Profiles::shipped().with_folder(&folder.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("none"), "{missing}");
    }
}
