//! A plot of messages over members on logarithmic axes, as SVG: counted messages as points and lines, the
//! papers' formulas dashed.

use std::fmt::Write;

use super::Series;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 620.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 276.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 60.0;

/// Colours that people who don't see all colours can distinguish on white. The marks differ as well.
const COLOURS: [&str; 12] = [
    "#000000", "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#7b3294", "#e69f00",
    "#666666", "#a50026", "#35b779",
];

struct Axes {
    nodes: (f64, f64),
    messages: (f64, f64),
}

impl Axes {
    fn x(&self, nodes: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * share(nodes, self.nodes)
    }

    fn y(&self, messages: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share(messages, self.messages)
    }
}

/// The position of a value between two ends on a logarithmic axis, from 0 to 1.
fn share(value: f64, (from, to): (f64, f64)) -> f64 {
    if to > from { (value / from).ln() / (to / from).ln() } else { 0.5 }
}

fn extent(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max))
}

/// The picture.
pub(super) fn svg(series: &[Series]) -> String {
    let axes = Axes {
        nodes: extent(series.iter().map(|series| f64::from(series.nodes))),
        messages: extent(series.iter().map(Series::median_messages).filter(|&messages| messages > 0.0)),
    };
    let mut lines: Vec<(&str, Vec<&Series>)> = Vec::new();
    for series in series.iter().filter(|series| series.median_messages() > 0.0) {
        match lines.iter_mut().find(|(name, _)| *name == series.properties.name) {
            Some((_, line)) => line.push(series),
            None => lines.push((series.properties.name, vec![series])),
        }
    }
    let mut out = String::new();
    // Writing to a String can't fail.
    let _ = draw(&axes, &lines, &mut out);
    out
}

fn draw(axes: &Axes, lines: &[(&str, Vec<&Series>)], out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"13\" role=\"img\" aria-label=\"Messages of ring elections over the number of members\">"
    )?;
    writeln!(out, "<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>")?;
    writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"28\" font-size=\"18\" font-weight=\"600\">Messages to elect a leader</text>"
    )?;
    writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"48\" fill=\"#555\">points: median of the runs; dashed: the paper's formula; the lap that announces \
         the result is left out</text>"
    )?;
    grid(axes, out)?;
    let mut labels = Vec::new();
    for (at, (name, line)) in lines.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        curve(axes, line, colour, out)?;
        let points: Vec<(f64, f64)> = line
            .iter()
            .map(|series| (axes.x(series.nodes.into()), axes.y(series.median_messages())))
            .collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        )?;
        for &(x, y) in &points {
            mark(at, x, y, colour, out)?;
        }
        if let Some(&end) = points.last() {
            labels.push((end, *name, at));
        }
    }
    name_lines(labels, out)?;
    writeln!(out, "</svg>")
}

/// Powers of ten up, powers of two along.
fn grid(axes: &Axes, out: &mut String) -> std::fmt::Result {
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for power in 0..16 {
        let messages = 10_f64.powi(power);
        if (axes.messages.0..=axes.messages.1).contains(&messages) {
            let y = axes.y(messages);
            writeln!(out, "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/>")?;
            writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#333\">10<tspan dy=\"-5\" font-size=\"10\">{power}</tspan></text>",
                LEFT - 10.0,
                y + 4.0
            )?;
        }
    }
    for power in 0..32 {
        let nodes = f64::from(1_u32 << power);
        if (axes.nodes.0..=axes.nodes.1).contains(&nodes) {
            let x = axes.x(nodes);
            writeln!(out, "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#eee\"/>")?;
            writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#333\">{nodes}</text>",
                bottom + 20.0
            )?;
        }
    }
    let middle = f64::midpoint(LEFT, right);
    writeln!(
        out,
        "<text x=\"{middle}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#333\">members of the ring</text>",
        bottom + 44.0
    )?;
    let y = f64::midpoint(TOP, bottom);
    writeln!(
        out,
        "<text transform=\"rotate(-90 24 {y})\" x=\"24\" y=\"{y}\" text-anchor=\"middle\" fill=\"#333\">messages</text>"
    )
}

/// The formula's curve within the picture.
fn curve(axes: &Axes, line: &[&Series], colour: &str, out: &mut String) -> std::fmt::Result {
    let Some(properties) = line.first().map(|series| series.properties) else { return Ok(()) };
    let (from, to) = extent(line.iter().map(|series| f64::from(series.nodes)));
    let points: Vec<String> = (0..=40)
        .map(|step| from * (to / from).powf(f64::from(step) / 40.0))
        .map(|nodes| (nodes, smooth(nodes, |nodes| properties.bound.when_all_start(nodes))))
        .filter(|(_, messages)| (axes.messages.0..=axes.messages.1).contains(messages))
        .map(|(nodes, messages)| format!("{:.1},{:.1}", axes.x(nodes), axes.y(messages)))
        .collect();
    writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\" stroke-dasharray=\"3 4\" opacity=\"0.75\"/>",
        points.join(" ")
    )
}

/// Straightens formulas with ⌈log₂ n⌉, which make steps: between powers of two they are drawn as straight
/// lines.
fn smooth(nodes: f64, messages: impl Fn(f64) -> f64) -> f64 {
    let below = nodes.log2().floor().exp2();
    let (low, high) = (messages(below), messages(below * 2.0));
    let along = (nodes / below).log2();
    (low.ln() + (high.ln() - low.ln()) * along).exp()
}

fn mark(at: usize, x: f64, y: f64, colour: &str, out: &mut String) -> std::fmt::Result {
    // Lines of one colour have different marks.
    match (at + at / COLOURS.len()) % 4 {
        0 => writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"),
        1 => {
            writeln!(
                out,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\" fill=\"{colour}\"/>",
                x - 3.5,
                y - 3.5
            )
        }
        2 => writeln!(out, "<path d=\"M{x:.1} {:.1}l4.5 8h-9z\" fill=\"{colour}\"/>", y - 5.0),
        _ => writeln!(out, "<path d=\"M{x:.1} {:.1}l5 5l-5 5l-5 -5z\" fill=\"{colour}\"/>", y - 5.0),
    }
}

/// The names beside the ends of their lines, pushed apart where they would overlap.
fn name_lines(mut labels: Vec<((f64, f64), &str, usize)>, out: &mut String) -> std::fmt::Result {
    const STEP: f64 = 18.0;
    labels.sort_by(|((_, a), ..), ((_, b), ..)| a.total_cmp(b));
    let mut places: Vec<f64> = Vec::new();
    for ((_, y), ..) in &labels {
        let least = places.last().map_or(TOP, |last| last + STEP);
        places.push(y.max(least));
    }
    let x = WIDTH - RIGHT + 30.0;
    for (((from, y), name, at), place) in labels.into_iter().zip(places) {
        let colour = COLOURS[at % COLOURS.len()];
        writeln!(
            out,
            "<path d=\"M{:.1} {y:.1}L{:.1} {place:.1}\" stroke=\"{colour}\" stroke-width=\"0.8\" opacity=\"0.5\" fill=\"none\"/>",
            from + 6.0,
            x - 4.0
        )?;
        mark(at, x + 4.0, place, colour, out)?;
        writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
            x + 14.0,
            place + 4.0
        )?;
    }
    Ok(())
}
