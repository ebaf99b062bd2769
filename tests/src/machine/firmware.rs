//! What the firmware's memory says of starting: OVMF's store of variables, as EDK II lays it out.
//!
//! A volume's header, the store's header, then variables one behind the other, each with a state whose bits are cleared as it
//! is written, replaced and deleted: a cut between two of these steps leaves the old value or the new one.

use anyhow::{Context as _, ensure};
use std::collections::BTreeMap;

/// `EFI_GLOBAL_VARIABLE`, as it lies in memory.
const GLOBAL: [u8; 16] =
    [0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c];
/// Of a store whose variables may be signed.
const STORE: [u8; 16] =
    [0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43, 0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92];
const STORE_HEADER: usize = 28;
/// Formatted, healthy.
const STORE_STATE: [u8; 2] = [0x5a, 0xfe];
const VARIABLE: [u8; 2] = [0xaa, 0x55];
const VARIABLE_HEADER: usize = 60;
const ADDED: u8 = 0x3f;
/// Its successor may have been written, or not.
const BEING_REPLACED: u8 = 0x3e;
/// A hard disk's partition, in a path of devices.
const HARD_DISK: [u8; 4] = [4, 1, 42, 0];

/// What to start, in the order in which it is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    pub next: Option<u16>,
    pub order: Vec<u16>,
    pub entries: BTreeMap<u16, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub label: String,
    /// Unique identifier of the partition that it points to, in small letters with hyphens, if it names one.
    pub partition: Option<String>,
}

/// Reads the firmware's memory.
///
/// # Errors
///
/// If it is not a store as OVMF has it, or one that OVMF has to mend first.
pub fn read(memory: &[u8]) -> anyhow::Result<Boot> {
    let variables = variables(memory)?;
    let number = |bytes: &Vec<u8>| Some(u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?));
    let mut boot = Boot { next: variables.get("BootNext").and_then(number), ..Boot::default() };
    if let Some(order) = variables.get("BootOrder") {
        boot.order = order.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    }
    for (name, bytes) in &variables {
        let digits = name.strip_prefix("Boot").filter(|rest| rest.len() == 4);
        if let Some(number) = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            boot.entries.insert(number, entry(bytes).with_context(|| format!("{name} is not understood"))?);
        }
    }
    Ok(boot)
}

/// The global ones, with their names.
fn variables(memory: &[u8]) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    ensure!(memory.get(40..44) == Some(b"_FVH"), "the firmware's memory does not begin with a volume");
    let header = memory.get(48..50).map_or(0, |pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])));
    let store = memory.get(header..header + STORE_HEADER).context("the firmware's memory ends in its header")?;
    ensure!(store[..16] == STORE && store[20..22] == STORE_STATE, "the firmware's memory holds no healthy store");
    let size = long(store, 16).context("the store has no size")?;
    let end = memory.len().min(header.saturating_add(size));
    let (mut found, mut replaced) = (BTreeMap::new(), BTreeMap::new());
    let mut place = header + STORE_HEADER;
    while let Some(variable) = memory[..end].get(place..place + VARIABLE_HEADER) {
        if variable[..2] != VARIABLE {
            break;
        }
        let sizes = long(variable, 36).zip(long(variable, 40));
        // Whoever was cut in its header has no sizes yet.
        let unfinished = variable[2] == 0xff || variable[4..8] == [0xff; 4];
        let (name, data) = sizes
            .filter(|(name, data)| !unfinished && *name != u32::MAX as usize && *data != u32::MAX as usize)
            .unwrap_or_default();
        let from = place + VARIABLE_HEADER;
        let words = memory[..end].get(from..from.saturating_add(name));
        let bytes = memory[..end].get(from.saturating_add(name)..from.saturating_add(name).saturating_add(data));
        let (words, bytes) = words.zip(bytes).context("a variable is longer than the firmware's memory")?;
        if variable[44..60] == GLOBAL {
            match variable[2] {
                ADDED => found.insert(text(words), bytes.to_vec()),
                BEING_REPLACED => replaced.insert(text(words), bytes.to_vec()),
                _ => None,
            };
        }
        place = (from + name + data).next_multiple_of(4);
    }
    for (name, bytes) in replaced {
        found.entry(name).or_insert(bytes);
    }
    Ok(found)
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let label = text(bytes.get(6..)?);
    let mut path = bytes.get(6 + 2 * (label.encode_utf16().count() + 1)..)?;
    let mut partition = None;
    while let Some(length) = path.get(2..4).map(|pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])))
        && let Some(node) = path.get(..length.max(4))
    {
        if node.starts_with(&HARD_DISK) {
            partition = Some(uuid::Uuid::from_bytes_le(node.get(24..40)?.try_into().ok()?).to_string());
        }
        path = &path[node.len()..];
    }
    Some(Entry { label, partition })
}

/// Up to its end.
fn text(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    String::from_utf16_lossy(&units.take_while(|unit| *unit != 0).collect::<Vec<_>>())
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    const HEADER: usize = 72;

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    /// A store with these variables: name, state, value.
    fn store(variables: &[(&str, u8, Vec<u8>)]) -> Vec<u8> {
        let mut memory = vec![0; HEADER];
        memory[40..44].copy_from_slice(b"_FVH");
        memory[48] = HEADER as u8;
        memory.extend(STORE);
        memory.extend(0x3_ffb8_u32.to_le_bytes());
        memory.extend(STORE_STATE);
        memory.resize(HEADER + STORE_HEADER, 0);
        for (name, state, value) in variables {
            let mut header = vec![0; VARIABLE_HEADER];
            header[..2].copy_from_slice(&VARIABLE);
            (header[2], header[4]) = (*state, 7);
            header[36..40].copy_from_slice(&(wide(name).len() as u32).to_le_bytes());
            header[40..44].copy_from_slice(&(value.len() as u32).to_le_bytes());
            header[44..60].copy_from_slice(&GLOBAL);
            memory.extend(header);
            memory.extend(wide(name));
            memory.extend(value);
            memory.resize(memory.len().next_multiple_of(4), 0xff);
        }
        memory.resize(0x1000, 0xff);
        memory
    }

    fn option(label: &str, partition: Option<[u8; 16]>) -> Vec<u8> {
        let mut bytes = vec![1, 0, 0, 0, 0, 0];
        bytes.extend(wide(label));
        bytes.extend([2, 1, 12, 0, 0xd0, 0x41, 3, 10, 0, 0, 0, 0]);
        if let Some(partition) = partition {
            bytes.extend(HARD_DISK);
            bytes.extend([0; 20]);
            bytes.extend(partition);
            bytes.extend([2, 2]);
        }
        bytes.extend([0x7f, 0xff, 4, 0]);
        bytes
    }

    #[test]
    fn what_comes_first() {
        let check = |variables: &[(&str, u8, Vec<u8>)], next, order: &[u16], entries: &[(u16, &str, Option<&str>)]| {
            let boot = read(&store(variables)).unwrap();
            assert_eq!((boot.next, boot.order.as_slice()), (next, order));
            let seen =
                boot.entries.iter().map(|(number, entry)| (*number, entry.label.as_str(), entry.partition.as_deref()));
            assert_eq!(seen.collect::<Vec<_>>(), entries);
        };
        let here = Some("04030201-0605-0807-090a-0b0c0d0e0f10");
        let slot = option("bilik-a", Some(std::array::from_fn(|index| index as u8 + 1)));
        let disk = option("UEFI Misc Device", None);
        check(&[], None, &[], &[]);
        check(&[("Boot0003", ADDED, slot.clone())], None, &[], &[(3, "bilik-a", here)]);
        check(
            &[("BootOrder", ADDED, vec![3, 0, 0, 1]), ("Boot0100", ADDED, disk), ("BootNext", ADDED, vec![0x10, 0])],
            Some(16),
            &[3, 256],
            &[(256, "UEFI Misc Device", None)],
        );
        // Replaced, and cut before, between and after the two steps of that; deleted; cut while it was written.
        let (old, new) = (vec![1, 0], vec![2, 0]);
        let order = |states: [u8; 2]| [("BootOrder", states[0], old.clone()), ("BootOrder", states[1], new.clone())];
        check(&order([BEING_REPLACED, 0x7f]), None, &[1], &[]);
        check(&order([BEING_REPLACED, ADDED]), None, &[2], &[]);
        check(&order([ADDED, BEING_REPLACED]), None, &[1], &[]);
        check(&order([0x3c, ADDED]), None, &[2], &[]);
        check(&order([0x3c, 0x3c]), None, &[], &[]);
        let mut cut = store(&[("BootNext", ADDED, old), ("BootOrder", 0xff, vec![])]);
        let at = HEADER + STORE_HEADER + VARIABLE_HEADER + 20;
        cut[at + 2..at + VARIABLE_HEADER].fill(0xff);
        assert_eq!(read(&cut).unwrap().next, Some(1));
    }

    #[test]
    fn no_bytes_break_it() {
        let whole = store(&[("BootOrder", ADDED, vec![1, 0]), ("Boot0001", ADDED, option("bilik-b", Some([7; 16])))]);
        for length in 0..600 {
            let _ = read(&whole[..length]);
        }
        for at in 0..400 {
            for value in [0, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                let _ = read(&changed);
            }
        }
        for bytes in [vec![], vec![0; 100], vec![0xff; 0x1000]] {
            assert!(read(&bytes).is_err());
        }
    }
}
