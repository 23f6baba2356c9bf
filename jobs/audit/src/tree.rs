//! A tree of statements, for people as lines and for machines as JSON.

use serde::Serialize;

use crate::rows::plain;

/// A statement and those below it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Node {
    /// What it is: `reply`, `release`, `adapter`, `run`, ...
    pub(crate) kind: &'static str,
    /// Its identity.
    pub(crate) id: String,
    /// What is known about it, by name.
    #[serde(serialize_with = "as_map")]
    pub(crate) facts: Vec<(&'static str, String)>,
    /// What it comes from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) from: Vec<Node>,
}

fn as_map<S: serde::Serializer>(facts: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(facts.iter().map(|(name, value)| (name, value)))
}

impl Node {
    pub(crate) fn new(kind: &'static str, id: impl Into<String>) -> Self {
        Self { kind, id: id.into(), facts: Vec::new(), from: Vec::new() }
    }

    /// With one more fact, unless it is empty.
    pub(crate) fn fact(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.facts.push((name, value));
        }
        self
    }

    /// With one more node below.
    pub(crate) fn from(mut self, node: Node) -> Self {
        self.from.push(node);
        self
    }

    /// The tree as lines.
    pub(crate) fn lines(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, "", "");
        text
    }

    /// `first` stands before the node's own line, `rest` before everything below it.
    fn write(&self, text: &mut String, first: &str, rest: &str) {
        text.push_str(&format!("{first}{} {}\n", self.kind, plain(&self.id)));
        let bar = if self.from.is_empty() { "  " } else { "│ " };
        let width = self.facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in &self.facts {
            text.push_str(&format!("{rest}{bar}  {name:<width$}  {}\n", plain(value)));
        }
        for (index, node) in self.from.iter().enumerate() {
            let last = index + 1 == self.from.len();
            let (corner, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            node.write(text, &format!("{rest}{corner}"), &format!("{rest}{below}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_lines_and_json() {
        let tree = Node::new("reply", "r-1")
            .fact("text", "no\u{1b}[31m shot")
            .fact("empty", "")
            .from(Node::new("release", "demo 1").from(Node::new("run", "x").fact("job", "eval")))
            .from(Node::new("adapter", "a"));
        let expect =
            "reply r-1\n│   text  no [31m shot\n├─ release demo 1\n│  └─ run x\n│         job  eval\n└─ adapter a\n";
        assert_eq!(tree.lines(), expect);
        let json = serde_json::to_value(&tree).unwrap();
        assert_eq!(json["from"][0]["from"][0]["facts"]["job"], "eval");
    }
}
