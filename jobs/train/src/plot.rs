//! The loss plot of a run: how the loss fell while training and on examples that were not trained on.

use plotters::prelude::*;
use schemas::TrainMetric;

use crate::TrainError;

const SIZE: (u32, u32) = (880, 480);
const TRAIN: RGBColor = RGBColor(90, 120, 190);
const VALIDATION: RGBColor = RGBColor(200, 80, 20);

/// The measurements as an SVG picture; equal measurements give equal bytes.
///
/// # Errors
/// When the drawing library refuses.
pub fn loss_plot(metrics: &[TrainMetric]) -> Result<String, TrainError> {
    let series = |split: &str| -> Vec<(f64, f64)> {
        let own = metrics.iter().filter(|metric| metric.split == split && metric.loss.is_finite());
        own.map(|metric| (metric.step as f64, metric.loss)).collect()
    };
    let mut svg = String::new();
    draw(&mut svg, &series("train"), &series("val")).map_err(|error| TrainError::Plot { reason: error.to_string() })?;
    Ok(svg)
}

fn draw(svg: &mut String, train: &[(f64, f64)], validation: &[(f64, f64)]) -> Result<(), Box<dyn std::error::Error>> {
    let points = || train.iter().chain(validation);
    let last = points().map(|point| point.0).fold(1.0, f64::max);
    let (low, high) = points().fold((f64::MAX, f64::MIN), |(low, high), point| (low.min(point.1), high.max(point.1)));
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let margin = ((high - low) * 0.08).max(0.05);

    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("Loss while training", ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..last, (low - margin).max(0.0)..high + margin)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_desc("optimiser step")
        .y_desc("nats per reply token")
        .x_label_formatter(&|step| format!("{step:.0}"))
        .y_label_formatter(&|loss| format!("{loss:.2}"))
        .axis_desc_style(("sans-serif", 16))
        .label_style(("sans-serif", 14))
        .draw()?;
    chart
        .draw_series(LineSeries::new(train.iter().copied(), TRAIN.stroke_width(2)))?
        .label("train: the examples of each step")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 22, y)], TRAIN.stroke_width(2)));
    chart
        .draw_series(LineSeries::new(validation.iter().copied(), VALIDATION.stroke_width(2)))?
        .label("val: examples that are not trained on")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 22, y)], VALIDATION.stroke_width(2)));
    chart.draw_series(validation.iter().map(|&point| Circle::new(point, 4, VALIDATION.filled())))?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(RGBColor(200, 200, 200))
        .label_font(("sans-serif", 14))
        .draw()?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(step: i64, split: &str, loss: f64) -> TrainMetric {
        TrainMetric { step, split: split.into(), loss, tokens: 1, learning_rate: None, grad_norm: None }
    }

    #[test]
    fn both_series_and_both_axes_are_named() {
        let metrics: Vec<_> = (0..30)
            .flat_map(|step| {
                let validation = (step % 10 == 0).then(|| metric(step, "val", 4.0 / (1.0 + step as f64 / 9.0)));
                let train = (step > 0).then(|| metric(step, "train", 5.0 / (1.0 + step as f64 / 5.0)));
                [validation, train].into_iter().flatten()
            })
            .collect();
        let svg = loss_plot(&metrics).unwrap();
        for text in ["optimiser step", "nats per reply token", "train: ", "val: ", "<polyline", "<circle"] {
            assert!(svg.contains(text), "{text}");
        }
        assert_eq!(svg, loss_plot(&metrics).unwrap());
    }

    #[test]
    fn odd_runs_can_be_drawn() {
        for metrics in
            [vec![], vec![metric(1, "train", 2.0)], vec![metric(0, "val", 0.0), metric(1, "train", f64::NAN)]]
        {
            assert!(loss_plot(&metrics).unwrap().ends_with("</svg>\n"));
        }
    }
}
