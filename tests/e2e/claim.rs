//! One claim from the first touch to the receipt.
