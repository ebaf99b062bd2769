//! The line of photographs that are waited for. Pure.

use std::time::{Duration, Instant};

use crate::error::PhotoError;
use crate::event::PhotoCamera;

/// Photographs that may wait. A person presses one button; more is a fault of the caller.
const MOST: usize = 4;

/// How long one may wait for its camera, which may have to be opened and adjust itself first.
const WITHIN: Duration = Duration::from_secs(10);

/// Requests in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Photos {
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    request: u64,
    camera: PhotoCamera,
    deadline: Instant,
}

impl Photos {
    /// Puts a request in line.
    ///
    /// # Errors
    ///
    /// [`PhotoError::Busy`] if the line is full.
    pub fn ask(&mut self, request: u64, camera: PhotoCamera, now: Instant) -> Result<(), PhotoError> {
        if self.waiting.len() >= MOST {
            return Err(PhotoError::Busy);
        }
        self.waiting.push(Waiting { request, camera, deadline: now + WITHIN });
        Ok(())
    }

    /// Whether a camera is waited for.
    pub fn wants(&self, camera: PhotoCamera) -> bool {
        self.waiting.iter().any(|waiting| waiting.camera == camera)
    }

    /// Takes the oldest request to a camera out of the line.
    pub fn serve(&mut self, camera: PhotoCamera) -> Option<u64> {
        let index = self.waiting.iter().position(|waiting| waiting.camera == camera)?;
        Some(self.waiting.remove(index).request)
    }

    /// Takes out what waited too long, with the time that it waited in ms.
    pub fn expire(&mut self, now: Instant) -> Vec<(u64, PhotoError)> {
        let late = self.waiting.extract_if(.., |waiting| waiting.deadline <= now);
        late.map(|waiting| (waiting.request, PhotoError::TimedOut(WITHIN.as_millis() as u64))).collect()
    }

    /// When [`Photos::expire`] is next worth calling.
    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.deadline).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_served_in_order_and_each_camera_for_itself() {
        let now = Instant::now();
        let mut photos = Photos::default();
        for (request, camera) in [(1, PhotoCamera::Documents), (2, PhotoCamera::Face), (3, PhotoCamera::Documents)] {
            photos.ask(request, camera, now).unwrap();
        }
        assert!(photos.wants(PhotoCamera::Face));
        assert_eq!(photos.serve(PhotoCamera::Documents), Some(1));
        assert_eq!(photos.serve(PhotoCamera::Face), Some(2));
        assert!(!photos.wants(PhotoCamera::Face));
        assert_eq!(photos.serve(PhotoCamera::Documents), Some(3));
        assert_eq!(photos.serve(PhotoCamera::Documents), None);
    }

    #[test]
    fn the_line_is_bounded_and_nobody_waits_for_ever() {
        let now = Instant::now();
        let mut photos = Photos::default();
        for request in 0..MOST as u64 {
            photos.ask(request, PhotoCamera::Face, now).unwrap();
        }
        assert_eq!(photos.ask(9, PhotoCamera::Face, now), Err(PhotoError::Busy));
        assert_eq!(photos.deadline(), Some(now + WITHIN));
        assert!(photos.expire(now + WITHIN - Duration::from_millis(1)).is_empty());
        assert_eq!(photos.expire(now + WITHIN).len(), MOST);
        assert_eq!(photos.deadline(), None);
    }
}
