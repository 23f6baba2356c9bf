//! How deep the plan of a foreign query can become. Parser and planner bound brackets, but a chain `1 + 1 + ...` is a tree
//! of its own length, which they walk by recursion until the stack ends.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// Most joints of a query; the stack of a worker thread holds several times as many.
pub(crate) const LIMIT: usize = 500;

/// Tokens of `sql` that join two parts into one: operators and set words. Zero when it is no SQL, which planning tells.
pub(crate) fn joints(sql: &str) -> usize {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap_or_default();
    tokens.iter().filter(|token| joins(token)).count()
}

fn joins(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::JOIN
                | Keyword::UNION
                | Keyword::INTERSECT
                | Keyword::EXCEPT
        ),
        Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::LParen
        | Token::RParen
        | Token::SemiColon
        | Token::Number(..)
        | Token::SingleQuotedString(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_count_and_lists_do_not() {
        assert_eq!(joints("select 1 + 1 + 1 where a and not b"), 4);
        assert_eq!(joints(&format!("select * from word where text in ({})", vec!["'a'"; 5000].join(", "))), 1);
        assert_eq!(joints("select 'broken"), 0);
        assert!(joints(&format!("select {}", vec!["1"; 10_000].join("+"))) > LIMIT);
    }
}
