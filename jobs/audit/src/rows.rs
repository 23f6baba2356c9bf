//! Rows as text: for reading, CSV, JSON lines.

use arrow::csv;
use arrow::json::writer::{LineDelimited, WriterBuilder};
use engine::Answer;

/// `text` on one line and without what a terminal would obey, direction overrides among it: chat is full of surprises.
pub(crate) fn plain(text: &str) -> String {
    let obeyed = |character: char| {
        character.is_control()
            || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}'..='\u{2029}')
    };
    text.chars().map(|character| if obeyed(character) { ' ' } else { character }).collect()
}

/// Columns under their names, numbers to the right.
///
/// # Errors
/// When a value has no text.
pub(crate) fn table(answer: &Answer) -> anyhow::Result<String> {
    let fields = answer.schema.fields();
    let cell = |value: Option<String>| value.as_deref().map_or_else(|| "NULL".to_owned(), plain);
    let header: Vec<String> = fields.iter().map(|field| plain(field.name())).collect();
    let rows = answer.texts()?.into_iter().map(|row| row.into_iter().map(cell).collect());
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..fields.len()).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for ((cell, &width), field) in row.iter().zip(&widths).zip(fields) {
            let space = " ".repeat(width - cell.chars().count());
            let padded = if field.data_type().is_numeric() { space + cell } else { cell.clone() + &space };
            line.push_str(&padded);
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let count = rows.len() - 1;
    text.push_str(&format!("({count} {})\n", if count == 1 { "row" } else { "rows" }));
    Ok(text)
}

/// With a header.
///
/// # Errors
/// When a column has no CSV form, such as a list.
pub(crate) fn csv(answer: &Answer) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let mut writer = csv::WriterBuilder::new().with_header(true).build(&mut bytes);
    if answer.batches.is_empty() {
        writer.write(&arrow::array::RecordBatch::new_empty(answer.schema.clone()))?;
    }
    for batch in &answer.batches {
        writer.write(batch)?;
    }
    drop(writer);
    Ok(String::from_utf8(bytes)?)
}

/// One JSON object a line; nulls are written.
///
/// # Errors
/// When a column has no JSON form.
pub(crate) fn json(answer: &Answer) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(&mut bytes);
    writer.write_batches(&answer.batches.iter().collect::<Vec<_>>())?;
    writer.finish()?;
    drop(writer);
    Ok(String::from_utf8(bytes)?)
}
