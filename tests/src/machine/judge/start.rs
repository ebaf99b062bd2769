//! Which slot the firmware and the first program come to, and in how many tries.

use super::super::firmware::{Boot, Entry};
use super::slots::Loader;

/// What OVMF calls a disk.
const WHOLE_DISK: &str = "UEFI Misc Device";
const LABELS: [(&str, Slot); 2] = [("bilik-a", Slot::A), ("bilik-b", Slot::B)];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    A,
    B,
}

impl Slot {
    fn other(self) -> Self {
        match self {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        }
    }
}

/// What the next start ends in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// `tries` is how many other loaders were refused before, or roots.
    Slot { slot: Slot, tries: usize },
    /// The firmware finds nothing on this disk: it starts a stick, or shows its menu.
    Nothing,
    /// It starts again and again.
    Never,
    /// The firmware has to mend its memory first, which is not judged here.
    Unknown(String),
}

/// What the firmware and the first program make of it. `loader` is asked for what a slot's partition holds, `root` whether
/// that slot's root is the one of this hash.
pub fn start(
    boot: &Boot,
    partitions: &[(Slot, String)],
    mut loader: impl FnMut(Slot) -> anyhow::Result<Loader>,
    mut root: impl FnMut(Slot, &str) -> anyhow::Result<bool>,
) -> anyhow::Result<Start> {
    let (mut next, mut tries, mut asked) = (boot.next, 0, Vec::new());
    loop {
        let numbers = next.take().into_iter().chain(boot.order.iter().copied());
        // When all else fails, the firmware looks at the disk itself.
        let entries = numbers.filter_map(|number| boot.entries.get(&number)).map(Some).chain([None]);
        let mut found = None;
        'entries: for entry in entries {
            for slot in leads_to(entry, partitions) {
                match loader(slot)? {
                    Loader::None => {}
                    Loader::Refused => {
                        tries += 1;
                        break;
                    }
                    Loader::Signed { root } => {
                        found = Some((slot, root));
                        break 'entries;
                    }
                }
            }
        }
        let Some((slot, hash)) = found else { return Ok(Start::Nothing) };
        if root(slot, &hash)? {
            return Ok(Start::Slot { slot, tries });
        }
        if asked.contains(&slot) {
            return Ok(Start::Never);
        }
        asked.push(slot);
        tries += 1;
        let label = LABELS.iter().find(|(_, known)| *known == slot.other()).map(|(label, _)| *label);
        next = boot.entries.iter().find(|(_, entry)| Some(entry.label.as_str()) == label).map(|(number, _)| *number);
    }
}

/// Where the firmware looks for a loader, one place after the other.
fn leads_to(entry: Option<&Entry>, partitions: &[(Slot, String)]) -> Vec<Slot> {
    let here = |uuid: Option<&String>| {
        let wanted = partitions.iter().filter(|(_, known)| uuid.is_none_or(|uuid| uuid == known));
        wanted.map(|(slot, _)| *slot).collect()
    };
    match entry {
        Some(Entry { partition: Some(uuid), .. }) => here(Some(uuid)),
        // Of a stick, a network, the firmware's own menu, which it does not start by itself.
        Some(entry) if !entry.label.starts_with(WHOLE_DISK) => Vec::new(),
        Some(_) | None => here(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Identifiers of the two partitions with loaders.
    const IDS: [&str; 2] = ["aaaaaaaa", "bbbbbbbb"];

    fn boot(next: Option<u16>, order: &[u16]) -> Boot {
        let entry = |label: &str, partition: Option<&str>| Entry {
            label: label.to_owned(),
            partition: partition.map(str::to_owned),
        };
        let entries = [
            (0, entry("UiApp", None)),
            (1, entry("UEFI QEMU USB HARDDRIVE", None)),
            (2, entry("UEFI Misc Device", None)),
            (7, entry("bilik-a", Some(IDS[0]))),
            (8, entry("bilik-b", Some(IDS[1]))),
            (9, entry("bilik-a", Some("of another disk"))),
        ];
        Boot { next, order: order.to_vec(), entries: entries.into() }
    }

    #[test]
    fn what_a_start_ends_in() {
        // Of each slot: its loader (`-` none, `x` refused, `s` signed), its root (`g` whole).
        let check = |next, order: &[u16], slots: [&str; 2], expect: Start| {
            let of = |slot: Slot| slots[usize::from(slot == Slot::B)];
            let loader = |slot| {
                Ok(match of(slot).as_bytes()[0] {
                    b'-' => Loader::None,
                    b'x' => Loader::Refused,
                    _ => Loader::Signed { root: "0badc0de".into() },
                })
            };
            let root = |slot, _: &str| Ok(of(slot).ends_with('g'));
            let partitions = [(Slot::A, IDS[0].to_owned()), (Slot::B, IDS[1].to_owned())];
            let said = start(&boot(next, order), &partitions, loader, root).unwrap();
            assert_eq!(said, expect, "{next:?} {order:?} {slots:?}");
        };
        let (a, b) = (|tries| Start::Slot { slot: Slot::A, tries }, |tries| Start::Slot { slot: Slot::B, tries });
        const USUAL: &[u16] = &[7, 8, 0, 1, 2];
        check(None, USUAL, ["sg", "sg"], a(0));
        check(None, &[8, 7], ["sg", "sg"], b(0));
        check(Some(8), USUAL, ["sg", "sg"], b(0));
        // What the trial's start does not find, the usual one does.
        check(Some(8), USUAL, ["sg", "xg"], a(1));
        check(Some(8), USUAL, ["sg", "-g"], a(0));
        check(Some(8), USUAL, ["sg", "sx"], a(1));
        check(None, USUAL, ["-g", "sg"], b(0));
        check(None, USUAL, ["xg", "sg"], b(1));
        check(None, USUAL, ["sx", "sg"], b(1));
        // Nothing starts, or the same again and again.
        check(None, USUAL, ["-g", "-g"], Start::Nothing);
        check(None, USUAL, ["xg", "xg"], Start::Nothing);
        check(None, USUAL, ["sx", "sx"], Start::Never);
        check(None, USUAL, ["xg", "sx"], Start::Never);
        check(None, &[8, 0], ["xg", "sx"], Start::Never);
        // Firmware that has forgotten, or knows another disk, takes the first loader that it finds.
        check(None, &[], ["sg", "sg"], a(0));
        check(None, &[0, 1, 2], ["-g", "sg"], b(0));
        check(Some(77), &[9, 78, 8], ["sg", "sg"], b(0));
        check(None, &[2, 8], ["sg", "sg"], a(0));
    }
}
