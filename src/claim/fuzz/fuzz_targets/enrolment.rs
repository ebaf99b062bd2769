//! Codes that a technician types, and the two messages of an enrolment.

#![no_main]

use bilik_claim::enrolment::{EnrolAnswer, EnrolRequest, EnrolmentCode, EnrolmentCodeError};
use bilik_claim_fuzz::round_trip;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match text.parse::<EnrolmentCode>() {
        Ok(code) => {
            let written = code.to_string();
            assert_eq!((written.len(), written.matches('-').count()), (64, 12));
            assert!(written.parse::<EnrolmentCode>().is_ok_and(|again| again == code), "{written}");
            assert_eq!(format!("{code:?}"), "EnrolmentCode(..)");
            // However it was typed, it has 256 bits in 52 characters: none of them is for nothing.
            let typed = text.chars().filter(|c| !c.is_whitespace() && *c != '-').count();
            assert_eq!(typed, 52);
        }
        Err(EnrolmentCodeError::Length(length)) => assert_ne!(length, 52),
        Err(EnrolmentCodeError::Character(character)) => assert!(text.contains(character)),
    }
    if let Ok(request) = serde_json::from_str::<EnrolRequest>(text) {
        round_trip(&request);
    }
    if let Ok(answer) = serde_json::from_str::<EnrolAnswer>(text) {
        round_trip(&answer);
    }
});
