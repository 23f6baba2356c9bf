//! The rules file: read, checked, and made ready to apply.

use serde::Deserialize;

use crate::GuardError;
use crate::pattern::{Pattern, PatternSource};
use crate::shape;
use crate::verdict::Category;
use crate::words::{WordRule, Words};

/// The form of rules file that this code reads.
const VERSION: u32 = 1;

/// What to look for and what to do about it.
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) category: Category,
    pub(crate) input: Policy,
    pub(crate) output: Policy,
    pub(crate) find: Find,
}

/// What is done about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Policy {
    /// The rule is not applied.
    Off,
    /// The finding is reported.
    Allow,
    /// The part found is replaced.
    Mask,
    /// The text is not used.
    Block,
}

/// What a rule looks for.
pub(crate) enum Find {
    Pattern(Pattern),
    Characters(usize),
    CharacterRun(usize),
    WordRun(usize),
    Mentions(usize),
    NothingVisible,
    Words(WordRule),
}

/// What a rule found.
pub(crate) struct Hit {
    pub(crate) score: f64,
    /// The text without it, where the rule can tell.
    pub(crate) masked: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    rule: Vec<RuleSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSource {
    id: String,
    input: Policy,
    output: Policy,
    find: FindSource,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum FindSource {
    Pattern(PatternSource),
    Characters(usize),
    CharacterRun(usize),
    WordRun(usize),
    Mentions(usize),
    NothingVisible,
    Words(WordRule),
}

/// Reads a rules file.
pub(crate) fn parse(source: &str) -> Result<Vec<Rule>, GuardError> {
    let file: File = toml::from_str(source).map_err(|error| GuardError::Syntax(Box::new(error)))?;
    if file.version != VERSION {
        return Err(GuardError::Version { found: file.version, known: VERSION });
    }
    let rules = file.rule.into_iter().map(Rule::new).collect::<Result<Vec<_>, _>>()?;
    // A guard that forgot a category would let it pass in silence.
    for category in Category::ALL {
        if !rules.iter().any(|rule| rule.category == category && rule.output != Policy::Off) {
            return Err(GuardError::Rule { id: category.name().to_owned(), reason: "no rule checks this in replies" });
        }
    }
    Ok(rules)
}

impl Rule {
    fn new(source: RuleSource) -> Result<Self, GuardError> {
        let RuleSource { id, input, output, find } = source;
        let fail = |reason| GuardError::Rule { id: id.clone(), reason };
        let prefix = id.split('.').next().unwrap_or_default();
        let category = Category::ALL.into_iter().find(|category| category.name() == prefix);
        let category = category.ok_or_else(|| fail("its id has to begin with a category and a dot"))?;
        let find = match find {
            FindSource::Pattern(source) => {
                Find::Pattern(Pattern::new(source).map_err(|source| GuardError::Pattern { id: id.clone(), source })?)
            }
            FindSource::Characters(limit) => Find::Characters(limit),
            FindSource::CharacterRun(limit) => Find::CharacterRun(limit),
            FindSource::WordRun(limit) => Find::WordRun(limit),
            FindSource::Mentions(limit) => Find::Mentions(limit),
            FindSource::NothingVisible => Find::NothingVisible,
            FindSource::Words(rule) => Find::Words(rule),
        };
        let limit = match find {
            Find::Characters(limit) | Find::CharacterRun(limit) | Find::WordRun(limit) => limit,
            _ => 1,
        };
        if limit == 0 {
            return Err(fail("its limit has to be at least 1"));
        }
        if [input, output].contains(&Policy::Mask) && !find.can_mask() {
            return Err(fail("it cannot mask; give its pattern a replacement or choose another policy"));
        }
        Ok(Self { id, category, input, output, find })
    }
}

impl Find {
    /// What is found in `text`, if anything.
    pub(crate) fn look(&self, text: &str, words: &mut Words) -> Option<Hit> {
        let masked = match self {
            Self::Pattern(pattern) => return pattern.look(text).map(|masked| Hit { score: 1.0, masked }),
            Self::Words(rule) => return words.look(text, rule).map(|score| Hit { score, masked: None }),
            Self::NothingVisible => return shape::nothing_visible(text).then_some(Hit { score: 1.0, masked: None }),
            Self::Characters(limit) => shape::cut(text, *limit),
            Self::CharacterRun(limit) => shape::shorten_character_runs(text, *limit),
            Self::WordRun(limit) => shape::shorten_word_runs(text, *limit),
            Self::Mentions(limit) => shape::quieten_mentions(text, *limit),
        };
        masked.map(|masked| Hit { score: 1.0, masked: Some(masked) })
    }

    fn can_mask(&self) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.can_mask(),
            Self::Words(_) | Self::NothingVisible => false,
            Self::Characters(_) | Self::CharacterRun(_) | Self::WordRun(_) | Self::Mentions(_) => true,
        }
    }
}
