//! The settings of the line, what the driver makes of them, and what wrong ones look like.

use crate::{NIK, SOON, Socket, nik};
use bilik_scanner::profile::{DataBits, Flow, Parity, StopBits};
use bilik_scanner::{LineSettings, Profile, Watch};
use rustix::termios::{ControlModes, InputModes, LocalModes, OutputModes, SpecialCodeIndex};
use std::sync::mpsc;

fn settings(baud: u32, data_bits: DataBits, parity: Parity, stop_bits: StopBits, flow: Flow) -> LineSettings {
    LineSettings { baud, data_bits, parity, stop_bits, flow }
}

/// A pseudo-terminal keeps speed, stop bits and flow control, and forces eight data bits without parity.
#[test]
fn the_line_has_the_settings_of_the_profile() {
    use DataBits::{Eight, Seven};
    use StopBits::{One, Two};
    for line in [
        LineSettings::default(),
        settings(115_200, Eight, Parity::None, Two, Flow::None),
        settings(9600, Seven, Parity::Even, One, Flow::None),
        settings(9600, Seven, Parity::Space, Two, Flow::None),
        settings(1200, Seven, Parity::Odd, Two, Flow::Software),
        settings(921_600, Eight, Parity::Even, One, Flow::Hardware),
        settings(12_345, Seven, Parity::Mark, One, Flow::None),
        settings(300, Seven, Parity::None, One, Flow::None),
    ] {
        let (socket, (sender, opened)) = (Socket::new(), mpsc::channel());
        let device = socket.plug();
        let listening = socket.listen_watched(Profile { line, ..Profile::line() }, move |watch| {
            if let Watch::Opened { settings, .. } = watch {
                sender.send(settings).unwrap();
            }
        });
        listening.expect(&["ready"]);
        let taken = LineSettings { data_bits: Eight, parity: Parity::None, ..line };
        assert_eq!(opened.recv_timeout(SOON).unwrap(), taken, "{line}");

        let termios = device.termios();
        assert_eq!((termios.input_speed(), termios.output_speed()), (line.baud, line.baud), "{line}");
        let control = termios.control_modes;
        assert_eq!(control & ControlModes::CSIZE, ControlModes::CS8, "{line}");
        assert!(!control.contains(ControlModes::PARENB), "{line}");
        assert!(control.contains(ControlModes::CREAD | ControlModes::CLOCAL), "{line}");
        assert_eq!(control.contains(ControlModes::CSTOPB), line.stop_bits == Two, "{line}");
        assert_eq!(control.contains(ControlModes::CRTSCTS), line.flow == Flow::Hardware, "{line}");
        let software = InputModes::IXON | InputModes::IXOFF;
        let flow = if line.flow == Flow::Software { software } else { InputModes::empty() };
        // Nothing else touches the bytes, and damaged ones are marked.
        assert_eq!(termios.input_modes - InputModes::IUTF8, flow | InputModes::INPCK | InputModes::PARMRK, "{line}");
        assert!(!termios.output_modes.contains(OutputModes::OPOST), "{line}");
        let cooked = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        assert!(!termios.local_modes.intersects(cooked), "{line}");
        let code = |index| termios.special_codes[index];
        assert_eq!((code(SpecialCodeIndex::VMIN), code(SpecialCodeIndex::VTIME)), (1, 0), "{line}");
        assert_eq!((code(SpecialCodeIndex::VSTART), code(SpecialCodeIndex::VSTOP)), (0x11, 0x13), "{line}");
        listening.end();
    }
}

fn with_bit_7(text: &str, bit_7: impl Fn(u32) -> bool) -> Vec<u8> {
    text.bytes().map(|byte| byte | (u8::from(bit_7(byte.count_ones())) << 7)).collect()
}

#[test]
fn seven_bits_are_read_where_the_driver_knows_only_eight() {
    for (parity, bit_7) in [
        (Parity::Even, (|ones| ones % 2 == 1) as fn(u32) -> bool),
        (Parity::Odd, |ones| ones % 2 == 0),
        (Parity::Space, |_| false),
        (Parity::Mark, |_| true),
    ] {
        let socket = Socket::new();
        let device = socket.plug();
        let line = LineSettings { data_bits: DataBits::Seven, parity, ..LineSettings::default() };
        let listening = socket.listen(Profile { line, ..Profile::line() });
        listening.expect(&["ready"]);
        device.send(with_bit_7(&format!("{NIK}\r"), bit_7));
        listening.expect(&["reading", &nik()]);
        listening.end();
    }
}

/// 0xFF is what the kernel's marks begin with, so it sends a true one twice.
#[test]
fn every_byte_arrives_once() {
    let (socket, (sender, bytes)) = (Socket::new(), mpsc::channel());
    let device = socket.plug();
    let listening = socket.listen_watched(Profile::line(), move |watch| match watch {
        Watch::Received(bytes) => sender.send(bytes.to_vec()).unwrap(),
        Watch::Errors(_) => panic!("no errors on this line"),
        Watch::Opened { .. } | Watch::Sent(_) | Watch::Framed(_) => {}
    });
    listening.expect(&["ready"]);
    let sent: Vec<u8> = (0..=255).chain([0xff, 0xff, 0x00, 0x00, 0xff, 0x00, 0x31]).collect();
    device.send(&sent);
    let mut received = Vec::new();
    while received.len() < sent.len() {
        received.extend(bytes.recv_timeout(SOON).unwrap());
    }
    assert_eq!(received, sent);
    drop(listening);
}

#[test]
fn wrong_parity_is_told() {
    let socket = Socket::new();
    let device = socket.plug();
    let listening = socket.listen(Profile::line());
    listening.expect(&["ready"]);
    let disturbed = || {
        device.send(with_bit_7(&format!("{NIK}\r"), |ones| ones % 2 == 1));
        listening.expect(&["reading", "unreadable: Noise"]);
    };
    (0..3).for_each(|_| disturbed());
    listening.expect(&["doubt: LooksLike(Seven, Even)"]);
    device.send(format!("{NIK}\r"));
    listening.expect(&["reading", &nik()]);
    listening.end();
}

/// Which no pseudo-terminal checks, so it is done behind it.
#[test]
fn a_digit_with_wrong_parity_spoils_its_card() {
    let socket = Socket::new();
    let device = socket.plug();
    let line = LineSettings { data_bits: DataBits::Seven, parity: Parity::Even, ..LineSettings::default() };
    let listening = socket.listen(Profile { line, ..Profile::line() });
    listening.expect(&["ready"]);
    let card = with_bit_7(&format!("{NIK}\r"), |ones| ones % 2 == 1);
    // As many cards as may come at once.
    for bit in [0, 3, 6, 7] {
        let mut flipped = card.clone();
        flipped[15] ^= 1 << bit;
        device.send(flipped);
        listening.expect(&["reading", "unreadable: Noise"]);
        // Between them a good one, so that nothing is doubted.
        device.send(&card);
        listening.expect(&["reading", &nik()]);
    }
    listening.end();
}
