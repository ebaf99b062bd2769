//! Rupiah, and the estimate of the final tax on a lump sum.

use std::fmt;

/// Whole rupiah.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rupiah(pub u64);

/// Up to here a lump sum of the old-age benefit is free of tax (PP 68/2009, article 5).
pub const TAX_FREE: Rupiah = Rupiah(50_000_000);
/// Final tax on what is above [`TAX_FREE`], in percent, when all is paid within two calendar years.
pub const TAX_PERCENT: u64 = 5;

/// What would be withheld and what would arrive. An estimate: from the third calendar year of partial payments on
/// another, progressive tariff holds, which a booth cannot know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxEstimate {
    pub gross: Rupiah,
    pub tax: Rupiah,
    pub net: Rupiah,
}

impl TaxEstimate {
    pub fn for_lump_sum(gross: Rupiah) -> Self {
        let taxed = gross.0.saturating_sub(TAX_FREE.0);
        // Dividing first keeps the product from overflowing; the remainder is below one rupiah of tax times 100.
        let tax = taxed / 100 * TAX_PERCENT + taxed % 100 * TAX_PERCENT / 100;
        Self { gross, tax: Rupiah(tax), net: Rupiah(gross.0 - tax) }
    }
}

/// `Rp 59.500.000`, as written in Indonesia.
impl fmt::Display for Rupiah {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        write!(f, "Rp {grouped}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_starts_above_fifty_million() {
        let check = |gross, tax, net| {
            let estimate = TaxEstimate::for_lump_sum(Rupiah(gross));
            assert_eq!((estimate.tax, estimate.net), (Rupiah(tax), Rupiah(net)), "gross {gross}");
        };
        check(0, 0, 0);
        check(50_000_000, 0, 50_000_000);
        check(50_000_001, 0, 50_000_001);
        check(50_000_020, 1, 50_000_019);
        check(60_000_000, 500_000, 59_500_000);
        check(u64::MAX, (u64::MAX - 50_000_000) / 20, u64::MAX - (u64::MAX - 50_000_000) / 20);
    }

    #[test]
    fn rupiah_is_grouped_by_dots() {
        for (amount, text) in [(0, "Rp 0"), (999, "Rp 999"), (1_000, "Rp 1.000"), (59_500_000, "Rp 59.500.000")] {
            assert_eq!(Rupiah(amount).to_string(), text);
        }
    }
}
