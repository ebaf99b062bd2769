//! The picture of it: how many times the claims of one to one, by booths, a line for each self-service share.

use super::Cell;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;
const MOST: f64 = 6.0;

/// An SVG with a white ground, so that it can be read in both themes.
pub fn draw(cells: &[Cell]) -> String {
    let x = |capacity: u8| LEFT + (WIDTH - LEFT - RIGHT) * (f64::from(capacity) - 1.0) / 5.0;
    let y = |times: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * times / MOST;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\" fill=\"#10231f\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"26\" font-size=\"16\">Claims per officer-hour, as a multiple of one to one</text>\n"
    );
    // Writing to a string does not fail.
    for times in 0..=6 {
        let (at, colour) = (y(f64::from(times)), if times == 5 { "#b4540a" } else { "#d9d6cb" });
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"{colour}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{times}</text>",
            WIDTH - RIGHT,
            LEFT - 10.0,
            at + 4.0
        );
    }
    for capacity in 1..=6 {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{capacity}</text>",
            x(capacity),
            HEIGHT - BOTTOM + 22.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">booths per officer</text>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 14.0
    );
    let mut shares: Vec<u32> = cells.iter().map(|cell| cell.share_percent).collect();
    shares.dedup();
    for share in shares {
        let points: Vec<&Cell> = cells.iter().filter(|cell| cell.share_percent == share).collect();
        let line: Vec<String> =
            points.iter().map(|cell| format!("{:.1},{:.1}", x(cell.capacity), y(cell.times_one_to_one))).collect();
        let shade = 20 + (90_u32.saturating_sub(share)) * 3 / 2;
        let stroke = format!("hsl(168 60% {shade}%)");
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"2.5\"/>",
            line.join(" ")
        );
        if let Some(last) = points.last() {
            let (at, text) = (x(last.capacity) + 8.0, y(last.times_one_to_one) + 4.0);
            let _ = writeln!(svg, "<text x=\"{at:.1}\" y=\"{text:.1}\">{share} % alone</text>");
        }
    }
    svg + "</svg>\n"
}
