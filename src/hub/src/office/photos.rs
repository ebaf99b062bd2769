//! The documents of a running session, as the officer looks at them: in memory, gone with the session. Pure.

use bilik_claim::document::DocumentKind;
use bilik_claim::ids::OfficerId;
use bilik_claim::personal::PersonalBytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Longest photograph, in bytes.
pub const MAX_PHOTO: usize = 8 << 20;
/// All photographs of one session together, in bytes.
const MAX_TOTAL: usize = 64 << 20;
/// Photographs of one session. A new one of a document replaces the older one, so it is the number of kinds that counts.
const MAX_PHOTOS: usize = 24;

/// Why a photograph is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoRefusal {
    /// The session is not there, or not this booth's, or this officer neither serves nor watches it.
    NotYours,
    /// Too many or too much for one session.
    Full,
}

/// A photograph that somebody looks at.
#[derive(Debug)]
pub struct Look {
    pub photo: Arc<PersonalBytes>,
    /// By a supervisor who reads along: has to be on record first.
    pub watched: bool,
}

/// The newest photograph of each document.
#[derive(Default)]
pub struct Photos {
    newest: BTreeMap<DocumentKind, (u32, Arc<PersonalBytes>)>,
    /// Who has been shown what.
    shown: BTreeSet<(OfficerId, DocumentKind, u32)>,
}

impl Photos {
    /// Keeps a photograph; an older one than the newest is dropped silently.
    pub fn put(&mut self, kind: DocumentKind, number: u32, photo: Arc<PersonalBytes>) -> Result<(), PhotoRefusal> {
        if self.newest.get(&kind).is_some_and(|(newest, _)| *newest > number) {
            return Ok(());
        }
        let others = self.newest.iter().filter(|(other, _)| **other != kind);
        let (count, total) = others.fold((0, 0), |(count, total), (_, (_, p))| (count + 1, total + p.reveal().len()));
        if count >= MAX_PHOTOS || total + photo.reveal().len() > MAX_TOTAL {
            return Err(PhotoRefusal::Full);
        }
        self.newest.insert(kind, (number, photo));
        Ok(())
    }

    /// Whether this officer gets this photograph for the first time.
    pub fn first_shown(&mut self, officer: OfficerId, kind: DocumentKind, number: u32) -> bool {
        self.shown.insert((officer, kind, number))
    }

    pub fn get(&self, kind: DocumentKind, number: u32) -> Option<Arc<PersonalBytes>> {
        self.newest.get(&kind).filter(|(newest, _)| *newest == number).map(|(_, photo)| Arc::clone(photo))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(size: usize) -> Arc<PersonalBytes> {
        Arc::new(PersonalBytes::new(vec![0; size]))
    }

    #[test]
    fn the_newest_photograph_of_a_document_counts() {
        let mut photos = Photos::default();
        let has = |photos: &Photos, number| photos.get(DocumentKind::Face, number).is_some();
        photos.put(DocumentKind::Face, 2, photo(10)).unwrap();
        photos.put(DocumentKind::Face, 1, photo(10)).unwrap();
        assert!(has(&photos, 2) && !has(&photos, 1));
        photos.put(DocumentKind::Face, 3, photo(10)).unwrap();
        assert!(has(&photos, 3) && !has(&photos, 2));
        assert!(photos.get(DocumentKind::Passport, 3).is_none());
    }

    #[test]
    fn a_session_cannot_fill_the_memory() {
        let mut photos = Photos::default();
        let fits = MAX_TOTAL / MAX_PHOTO;
        for kind in &DocumentKind::ALL[..fits] {
            photos.put(*kind, 1, photo(MAX_PHOTO)).unwrap();
        }
        assert_eq!(photos.put(DocumentKind::ALL[fits], 1, photo(MAX_PHOTO)), Err(PhotoRefusal::Full));
        // A retake takes the place of its older one.
        photos.put(DocumentKind::ALL[0], 2, photo(MAX_PHOTO)).unwrap();
    }
}
