//! What the fuzz targets share: what must hold of anything that was read.

pub mod signed;
pub mod visit;

use bilik_claim::wire::{Bounded, MAX_CANDIDATE, MAX_FRAME, MAX_ITEMS, MAX_MESSAGE, MAX_SDP, decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;

/// A refusal may be logged: it says where, and repeats nothing of what was sent.
const LONGEST_REFUSAL: usize = 120;

/// Reads a frame. What is accepted keeps every limit, and survives being written and read again.
pub fn frame<T: Bounded + Serialize + PartialEq + Debug>(text: &str) {
    match decode::<T>(text) {
        Ok(message) => {
            let written = round_trip(&message);
            within_limits(&written);
            // Absent options are written out: a frame of the greatest length may grow beyond it.
            if written.len() <= MAX_FRAME {
                assert_eq!(decode::<T>(&encode(&message)).expect("our own frame is refused"), message);
            }
        }
        Err(error) => {
            let told = error.to_string();
            assert!(told.is_ascii() && told.len() <= LONGEST_REFUSAL, "a refusal of {} bytes", told.len());
        }
    }
}

/// A value survives being written and read again. Returns the text.
pub fn round_trip<T: Serialize + DeserializeOwned>(value: &T) -> String {
    let text = serde_json::to_string(value).expect("a value that was read can't be written");
    let again: T = serde_json::from_str(&text).expect("a value that was written can't be read");
    assert_eq!(serde_json::to_string(&again).expect("written before"), text);
    text
}

/// Every text and every list keeps the limit of the protocol, whichever message it stands in.
pub fn within_limits(frame: &str) {
    let value: Value = serde_json::from_str(frame).expect("JSON of our own");
    look("", &value);
}

fn look(name: &str, value: &Value) {
    match value {
        Value::String(text) => {
            let (length, most) = match name {
                "sdp" => (text.len(), MAX_SDP),
                "candidate" => (text.len(), MAX_CANDIDATE),
                _ => (text.chars().count(), MAX_MESSAGE),
            };
            assert!(length <= most, "{name} of {length} is accepted");
        }
        Value::Array(items) => {
            assert!(items.len() <= MAX_ITEMS, "{name} with {} items is accepted", items.len());
            items.iter().for_each(|item| look(name, item));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, value)| look(name, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
