//! An evaluation as lines for a terminal.

use schemas::EvalResult;

/// The metrics as a table; with `rules` each is followed by what was demanded of it.
pub(crate) fn results(results: &[EvalResult], rules: bool) -> String {
    let header = ["metric", "candidate", "baseline", "human", "difference", "95 % interval", "bound", "n", "verdict"];
    let mut lines = vec![header.map(str::to_owned)];
    for result in results {
        let interval = match (result.low, result.high) {
            (Some(low), Some(high)) => format!("{low:.3} .. {high:.3}"),
            _ => "-".to_owned(),
        };
        lines.push([
            result.metric.clone(),
            number(result.candidate),
            number(result.baseline),
            number(result.human),
            number(result.difference),
            interval,
            number(result.bound),
            result.count.to_string(),
            result.verdict.clone(),
        ]);
    }
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..header.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            // Words to the left, numbers to the right.
            if column == 0 || column == header.len() - 1 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    if rules {
        for result in results.iter().filter(|result| result.verdict != "pass") {
            text.push_str(&format!("{}: {} ({})\n", result.verdict, result.metric, result.rule));
        }
    }
    text
}

/// A number as people read it, or `-`.
pub(crate) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}
