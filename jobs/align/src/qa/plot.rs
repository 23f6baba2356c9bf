//! The score over the lag as an SVG drawing.

use std::fmt::Write;

use maud::{Markup, html};

use crate::estimate::Estimate;
use crate::show::seconds;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 34.0;

/// From lag and score to the drawing's coordinates.
struct Frame {
    first_ms: i64,
    last_ms: i64,
    lowest: f64,
    highest: f64,
}

impl Frame {
    fn x(&self, lag_ms: i64) -> f64 {
        let share = (lag_ms - self.first_ms) as f64 / (self.last_ms - self.first_ms).max(1) as f64;
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, score: f64) -> f64 {
        let share = (score - self.lowest) / (self.highest - self.lowest);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    /// The curve as the `d` of a path.
    fn path(&self, estimate: &Estimate, curve: &[f64]) -> String {
        let mut path = String::new();
        for (index, score) in curve.iter().enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            let (x, y) = (self.x(estimate.curve.lags.ms(index)), self.y(*score));
            // Writing to a string cannot fail.
            let _ = write!(path, "{command}{x:.1} {y:.1}");
        }
        path
    }
}

/// Draws the score of an estimate over its lags.
pub fn plot(estimate: &Estimate) -> Markup {
    let curve = &estimate.curve;
    let (first_ms, last_ms) = curve.lags.range_ms();
    let scores = || curve.both.iter().chain(&curve.words).chain(&curve.bursts).copied();
    let lowest = scores().fold(-2.0, f64::min).floor();
    let highest = scores().fold(4.0, f64::max).ceil();
    let frame = Frame { first_ms, last_ms, lowest, highest };
    let ticks = ((first_ms + 9_999).div_euclid(10_000)..=last_ms.div_euclid(10_000)).map(|tick| tick * 10_000);
    // The finest of the usual steps that gives at most six lines.
    let step =
        [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0].into_iter().find(|step| highest / step <= 6.0).unwrap_or(highest);
    let levels = (0..=12).map(|level| f64::from(level) * step).filter(|&level| level <= highest);
    let one = |value: f64| format!("{value:.1}");
    let (low, high, lag) = (frame.x(estimate.low_ms), frame.x(estimate.high_ms), frame.x(estimate.lag_ms));
    let anchor = if lag > WIDTH * 0.7 { "end" } else { "start" };
    let label_x = if lag > WIDTH * 0.7 { low - 8.0 } else { high + 8.0 };
    let title = format!("Score over lag; the peak is at {} seconds", seconds(estimate.lag_ms));
    html! {
        svg.plot viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) {
            @for level in levels {
                @let y = one(frame.y(level));
                line.grid x1=(one(LEFT)) x2=(one(WIDTH - RIGHT)) y1=(y) y2=(y) {}
                text.tick x=(one(LEFT - 8.0)) y=(y) text-anchor="end" dominant-baseline="middle" { (format!("{level:.0}")) }
            }
            @for tick in ticks {
                @let x = one(frame.x(tick));
                line.mark x1=(x) x2=(x) y1=(one(HEIGHT - BOTTOM)) y2=(one(HEIGHT - BOTTOM + 5.0)) {}
                text.tick x=(x) y=(one(HEIGHT - BOTTOM + 18.0)) text-anchor="middle" { (tick / 1_000) }
            }
            text.tick x=(one(WIDTH - RIGHT)) y=(one(HEIGHT - 2.0)) text-anchor="end" { "chat after speech, seconds" }
            text.tick x=(one(LEFT)) y=(one(12.0)) { "score, standard deviations of unrelated chat" }
            rect.interval x=(one(low)) y=(one(TOP)) width=(one((high - low).max(1.0))) height=(one(HEIGHT - TOP - BOTTOM)) {}
            path.bursts d=(frame.path(estimate, &curve.bursts)) {}
            path.words d=(frame.path(estimate, &curve.words)) {}
            path.both d=(frame.path(estimate, &curve.both)) {}
            line.lag x1=(one(lag)) x2=(one(lag)) y1=(one(TOP)) y2=(one(HEIGHT - BOTTOM)) {}
            text.peak x=(one(label_x)) y=(one(TOP + 14.0)) text-anchor=(anchor) { (seconds(estimate.lag_ms)) " s" }
        }
    }
}
