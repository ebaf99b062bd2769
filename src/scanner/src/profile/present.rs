//! What a person does with the card.

use serde::{Deserialize, Serialize};

/// How a card is shown to the reader, for the picture that tells a participant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Present {
    /// Laid on the reader and left there until it is read.
    #[default]
    Lay,
    /// Pulled through its slot.
    Swipe,
    /// Held before it, code towards the light.
    Hold,
}
