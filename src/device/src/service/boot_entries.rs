//! The firmware's list of what to start: one entry for each slot, `bilik-a` and `bilik-b`, kept by `efibootmgr`.
//!
//! RAUC chooses between the two, so both must exist, and point to this disk. Firmware loses its variables (an empty battery, a
//! new mainboard) and starts from the first loader that it finds: then the entries are made anew.

use super::commands::Tool;
use super::disks::Block;
use super::refusal::Refusal;

/// Slot, partition label and number of its loader's partition. The installer lays them out so.
pub const SLOTS: [(&str, &str, u8); 2] = [("bilik-a", "bilik-esp-a", 1), ("bilik-b", "bilik-esp-b", 2)];
const LOADER: &str = r"\EFI\BOOT\BOOTX64.EFI";

#[derive(Debug, Default, PartialEq, Eq)]
struct Entries {
    order: Vec<String>,
    entries: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    /// Four hexadecimal digits.
    number: String,
    label: String,
    /// The rest of the line: where it points to.
    path: String,
}

/// Removes both entries, so that nothing of an earlier booth starts while a new one is being made.
pub fn remove() -> Result<(), Refusal> {
    for entry in list()?.entries.iter().filter(|entry| SLOTS.iter().any(|slot| slot.0 == entry.label)) {
        delete(entry)?;
    }
    Ok(())
}

/// Makes the entries that are missing or point elsewhere. If there was none at all, `first` comes first in the order, then
/// `second` if given, then what there was. An order that names a slot is left alone: it is RAUC's.
pub fn ensure(disk: &Block, first: &str, second: Option<&str>) -> Result<(), Refusal> {
    for (slot, label, number) in SLOTS {
        let partuuid = disk.part(label)?.partuuid.clone().unwrap_or_default().to_lowercase();
        let mut right = 0;
        for entry in list()?.entries.iter().filter(|entry| entry.label == slot) {
            let points_here = !partuuid.is_empty() && entry.path.to_lowercase().contains(&partuuid);
            right += usize::from(points_here);
            if !points_here || right > 1 {
                delete(entry)?;
            }
        }
        if right == 0 {
            tracing::info!(slot, "making the firmware's entry");
            let number = number.to_string();
            Tool::new("efibootmgr")
                .args(["--quiet", "--create-only", "--disk", &disk.path, "--part", &number])
                .args(["--label", slot, "--loader", LOADER])
                .run()?;
        }
    }
    match order(&list()?, first, second) {
        Some(order) => Tool::new("efibootmgr").args(["--quiet", "--bootorder", &order]).run().map(drop),
        None => Ok(()),
    }
}

/// The slot that the firmware starts first, if its order knows one.
pub fn first() -> Result<Option<&'static str>, Refusal> {
    Ok(first_of(&list()?))
}

fn first_of(now: &Entries) -> Option<&'static str> {
    let label = |number: &String| now.entries.iter().find(|entry| entry.number == *number).map(|entry| &entry.label);
    let slot = |label: &String| SLOTS.iter().map(|slot| slot.0).find(|name| name == label);
    now.order.iter().filter_map(label).find_map(slot)
}

/// The order to set, if the present one knows neither slot.
fn order(now: &Entries, first: &str, second: Option<&str>) -> Option<String> {
    let number = |label: &str| now.entries.iter().find(|entry| entry.label == label).map(|entry| entry.number.clone());
    let known = SLOTS.iter().filter_map(|slot| number(slot.0)).any(|number| now.order.contains(&number));
    let mut order = vec![number(first)?];
    order.extend(second.and_then(number));
    order.extend(now.order.iter().cloned());
    (!known).then(|| order.join(","))
}

fn delete(entry: &Entry) -> Result<(), Refusal> {
    Tool::new("efibootmgr").args(["--quiet", "--bootnum", &entry.number, "--delete-bootnum"]).run().map(drop)
}

fn list() -> Result<Entries, Refusal> {
    Ok(parse(&Tool::new("efibootmgr").run()?))
}

fn parse(text: &str) -> Entries {
    let mut found = Entries::default();
    for line in text.lines() {
        if let Some(order) = line.strip_prefix("BootOrder: ") {
            found.order = order.split(',').map(|number| number.trim().to_owned()).collect();
        } else if let Some(rest) = line.strip_prefix("Boot")
            && let Some((number, rest)) = rest.split_at_checked(4)
            && number.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            let rest = rest.trim_start_matches(['*', ' ']);
            let (label, path) = rest.split_once('\t').unwrap_or((rest, ""));
            let own = |text: &str| text.trim().to_owned();
            found.entries.push(Entry { number: own(number), label: own(label), path: own(path) });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = "BootCurrent: 0001\nTimeout: 0 seconds\nBootOrder: 0001,0000,0007\nBoot0000* UiApp\t\
        FvVol(7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1)/FvFile(462caa21-7614-4503-836e-8ab6f4662331)\n\
        Boot0001* bilik-a\tHD(1,GPT,739f77b1-c7c8-4c18-b485-c06937d0f3df,0x800,0x40000)/\\EFI\\BOOT\\BOOTX64.EFI\n\
        Boot0007  bilik-b\tHD(2,GPT,9c78b208-93ef-44eb-9775-ab6d3ec03bf7,0x40800,0x40000)/\\EFI\\BOOT\\BOOTX64.EFI\n\
        MirroredPercentageAbove4G: 0.00\n";

    #[test]
    fn what_efibootmgr_says() {
        let found = parse(RECORDED);
        assert_eq!(found.order, ["0001", "0000", "0007"]);
        let labels: Vec<_> = found.entries.iter().map(|entry| (entry.number.as_str(), entry.label.as_str())).collect();
        assert_eq!(labels, [("0000", "UiApp"), ("0001", "bilik-a"), ("0007", "bilik-b")]);
        assert!(found.entries[2].path.contains("9c78b208"));
        assert_eq!(first_of(&found), Some("bilik-a"));
        assert_eq!(first_of(&Entries { order: vec!["0000".into(), "0007".into()], ..found }), Some("bilik-b"));
        assert_eq!(first_of(&Entries::default()), None);
        assert_eq!(parse("EFI variables are not supported on this system.\n"), Entries::default());
        // Nothing that firmware may call an entry breaks it.
        for text in ["Boot", "Boot00", "Boot000\u{e9}*", "BootOrder: ", "Boot0001*"] {
            parse(text);
        }
    }

    #[test]
    fn only_an_order_without_slots_is_replaced() {
        let check = |was: &str, first: &str, second: Option<&str>, expect: Option<&str>| {
            let found = parse(&RECORDED.replace("BootOrder: 0001,0000,0007", was));
            assert_eq!(order(&found, first, second).as_deref(), expect, "{was}");
        };
        check("BootOrder: 0001,0000,0007", "bilik-a", Some("bilik-b"), None);
        check("BootOrder: 0000,0007", "bilik-a", None, None);
        check("BootOrder: 0000", "bilik-a", Some("bilik-b"), Some("0001,0007,0000"));
        check("BootOrder: 0000", "bilik-b", None, Some("0007,0000"));
        check("Timeout: 1", "bilik-b", None, Some("0007"));
    }
}
