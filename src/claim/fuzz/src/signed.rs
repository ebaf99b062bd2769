//! Bodies that somebody signed.

use crate::round_trip;
use bilik_claim::filing::{MAX_BODY, Manifest, Receipt, Signable, Signed, SignedError};
use ed25519_dalek::SigningKey;

/// The key that should have signed, and one that should not.
fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// Reads a body that came from outside, once as a signed one, once as the bare text. Returns what it says, for the target
/// to judge.
pub fn read<T: Signable>(text: &str) -> Option<(T, Signed<T>)> {
    if let Ok(signed) = serde_json::from_str::<Signed<T>>(text) {
        round_trip(&signed);
        let peeked = signed.peek();
        // Nobody has the fuzzer's key but this file.
        assert!(signed.open(&key(1).verifying_key()).is_err(), "a foreign signature is accepted");
        assert_eq!(signed.body.len() > MAX_BODY, matches!(peeked, Err(SignedError::TooLong(_))));
    }
    let value = Signed::<T>::from_parts(text.to_owned(), String::new()).peek().ok()?;
    let body = round_trip(&value);
    let signed = Signed::sign(&value, &key(1)).expect("what was read can be signed");
    assert_eq!(signed.body, body);
    // The short spellings of an id are written out: a body of the greatest length may grow beyond it.
    if body.len() > MAX_BODY {
        return None;
    }
    let opened = signed.open(&key(1).verifying_key()).expect("our own signature is refused");
    assert_eq!(round_trip(&opened), body);
    assert!(signed.open(&key(2).verifying_key()).is_err(), "any key will do");
    crossed::<Manifest>(&signed);
    crossed::<Receipt>(&signed);
    tampered(&signed, text.len());
    Some((value, signed))
}

/// A body signed for one purpose never passes for the other, even if it reads as one.
fn crossed<T: Signable>(signed: &Signed<impl Signable>) {
    let other = Signed::<T>::from_parts(signed.body.clone(), signed.signature.clone());
    let same = std::any::type_name_of_val(signed) == std::any::type_name_of_val(&other);
    assert!(same || other.open(&key(1).verifying_key()).is_err(), "the domain is not part of the signature");
}

/// One changed character is noticed, in the body as in the signature.
fn tampered<T: Signable>(signed: &Signed<T>, place: usize) {
    let change = |text: &str| {
        let at = place % text.len();
        let swap = |(index, c): (usize, char)| if index == at { if c == 'A' { 'B' } else { 'A' } } else { c };
        text.char_indices().map(swap).collect::<String>()
    };
    let (body, signature) = (change(&signed.body), change(&signed.signature));
    for (body, signature) in [(body, signed.signature.clone()), (signed.body.clone(), signature)] {
        let changed = (body.as_str(), signature.as_str()) != (signed.body.as_str(), signed.signature.as_str());
        let opened = Signed::<T>::from_parts(body, signature).open(&key(1).verifying_key());
        assert!(!changed || opened.is_err(), "a changed text is accepted");
    }
}
