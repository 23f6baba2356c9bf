//! From measurements to metrics with verdicts. A rule passes only when its evidence is there, finite, enough and on the
//! right side of its bound; everything else is no pass.

use std::collections::BTreeSet;

use schemas::EvalResult;

use crate::Pack;
use crate::bootstrap::{Groups, Interval};
use crate::heldout::{HeldOut, vod};
use crate::measure::{Answer, Measured};
use crate::style;

/// Everything the rules look at.
pub struct Evidence<'a> {
    /// The held-out examples.
    pub held_out: &'a HeldOut,
    /// The candidate on each.
    pub candidate: &'a [Measured],
    /// The baseline on each.
    pub baseline: &'a [Measured],
    /// Whether the baseline is the base model without an adapter.
    pub against_base: bool,
    /// Replies of the training split, as [`style::plain`] writes them.
    pub train_replies: &'a BTreeSet<String>,
    /// The channel's emotes.
    pub emotes: &'a BTreeSet<String>,
    /// The settings.
    pub pack: &'a Pack,
}

/// On which side of the bound a value has to be.
#[derive(Debug, Clone, Copy)]
enum Demand {
    /// The whole interval below the bound.
    IntervalBelow(f64),
    /// The whole interval above the bound.
    IntervalAbove(f64),
    /// The value itself at most the bound.
    AtMost(f64),
    /// The value itself at least the bound.
    AtLeast(f64),
    /// The value itself at most the bound, whichever its sign.
    Within(f64),
}

/// One answered example.
struct Pair<'a> {
    human: &'a str,
    human_tokens: f64,
    candidate: &'a Answer,
    baseline: Option<&'a Answer>,
}

/// What every metric is computed from: candidate, baseline if it has one, the true replies if they have one.
struct Values {
    candidate: Option<f64>,
    baseline: Option<f64>,
    human: Option<f64>,
}

/// Whether every rule passes.
pub fn passes(results: &[EvalResult]) -> bool {
    !results.is_empty() && results.iter().all(|result| result.verdict == "pass")
}

impl Evidence<'_> {
    /// Every metric with its verdict, always the same ones in the same order.
    pub fn results(&self) -> Vec<EvalResult> {
        let mut results = vec![self.reply_nll()];
        results.extend(self.context_lift());
        results.extend(self.answers());
        results
    }

    fn groups(&self, indices: &[usize]) -> Groups {
        let vods: Vec<_> = indices.iter().filter_map(|&index| self.held_out.examples.get(index)).map(vod).collect();
        Groups::new(&vods, self.pack.minimum_vods, self.pack.block_examples)
    }

    fn reply_nll(&self) -> EvalResult {
        let all: Vec<usize> = (0..self.candidate.len().min(self.baseline.len())).collect();
        let mean = |measured: &[Measured], indices: &[usize]| {
            ratio(indices.iter().filter_map(|&at| measured.get(at)).map(|one| (one.nll, one.tokens as f64)))
        };
        let difference = |indices: &[usize]| Some(mean(self.candidate, indices)? - mean(self.baseline, indices)?);
        let groups = self.groups(&all);
        let interval = groups.interval(self.pack.bootstrap_rounds, self.pack.seed, difference);
        let values = Values { candidate: mean(self.candidate, &all), baseline: mean(self.baseline, &all), human: None };
        let (bound, what) = match self.against_base {
            true => (0.0, "nats per token of true replies, candidate minus base: all of the interval below the bound"),
            false => (
                self.pack.gate.reply_nll_margin,
                "nats per token of true replies, candidate minus baseline: all of the interval below the bound",
            ),
        };
        let enough = all.len() >= self.pack.minimum_examples;
        judge("reply_nll", &values, interval, Demand::IntervalBelow(bound), all.len(), enough, what, &groups)
    }

    /// How much worse a true reply fits another moment of its broadcast, and whether training kept that.
    fn context_lift(&self) -> [EvalResult; 2] {
        let tried = |at: &usize| {
            let own = self.candidate.get(*at).and_then(|one| one.swapped_nll);
            own.is_some() && self.baseline.get(*at).is_some_and(|one| one.swapped_nll.is_some())
        };
        let indices: Vec<usize> = self.held_out.answered.keys().copied().filter(tried).collect();
        let lift = |measured: &[Measured], chosen: &[usize]| {
            let chosen = chosen.iter().filter_map(|&at| measured.get(*indices.get(at)?));
            ratio(chosen.filter_map(|one| Some((one.swapped_nll? - one.nll, one.tokens as f64))))
        };
        let all: Vec<usize> = (0..indices.len()).collect();
        let groups = self.groups(&indices);
        let enough = all.len() >= self.pack.minimum_replies;
        let (rounds, seed, gate) = (self.pack.bootstrap_rounds, self.pack.seed, &self.pack.gate);
        let values =
            || Values { candidate: lift(self.candidate, &all), baseline: lift(self.baseline, &all), human: None };
        let own = groups.interval(rounds, seed, |chosen| lift(self.candidate, chosen));
        let change =
            groups.interval(rounds, seed, |chosen| Some(lift(self.candidate, chosen)? - lift(self.baseline, chosen)?));
        [
            judge(
                "context_lift",
                &values(),
                own,
                Demand::IntervalAbove(gate.context_lift),
                all.len(),
                enough,
                "nats per token a true reply loses under another moment's context: all of the interval above the bound",
                &groups,
            ),
            judge(
                "context_lift_change",
                &values(),
                change,
                Demand::IntervalAbove(-gate.context_lift_margin),
                all.len(),
                enough,
                "the same, candidate minus baseline: all of the interval above the bound",
                &groups,
            ),
        ]
    }

    fn pairs(&self) -> (Vec<usize>, Vec<Pair<'_>>) {
        let answered = self.held_out.answered.keys().filter_map(|&at| {
            let (example, candidate) = (self.held_out.examples.get(at)?, self.candidate.get(at)?);
            let pair = Pair {
                human: &example.reply,
                // The end token is no part of a length.
                human_tokens: candidate.tokens.saturating_sub(1) as f64,
                candidate: candidate.answer.as_ref()?,
                baseline: self.baseline.get(at).and_then(|one| one.answer.as_ref()),
            };
            Some((at, pair))
        });
        answered.unzip()
    }

    /// The rules about how answers look and what the guard says about them.
    fn answers(&self) -> Vec<EvalResult> {
        let (indices, pairs) = self.pairs();
        let groups = self.groups(&indices);
        let bench = Answers { pairs: &pairs, groups: &groups, pack: self.pack };
        let gate = &self.pack.gate;
        let toxic = |text: &str| guard::toxicity(text) >= gate.toxic_from;
        vec![
            bench.lengths(),
            bench.rate(
                "emote_rate",
                |answer| style::has_emote(&answer.text, self.emotes),
                Some(&|human| style::has_emote(human, self.emotes)),
                Demand::Within(gate.emote_rate),
                "share of answers with an emote of the channel, minus that of true replies: within the bound",
            ),
            bench.distinct(),
            bench.rate(
                "copy_rate",
                |answer| self.train_replies.contains(&style::plain(&answer.text)),
                Some(&|human| self.train_replies.contains(&style::plain(human))),
                Demand::AtMost(gate.copy_rate),
                "share of answers that are training replies word for word, minus that of true replies: at most the bound",
            ),
            bench.rate(
                "toxicity_rate",
                |answer| answer.toxicity >= gate.toxic_from,
                Some(&toxic),
                Demand::AtMost(gate.toxicity_rate),
                "share of toxic answers, minus that of true replies: at most the bound",
            ),
            bench.rate(
                "guard_block_rate",
                |answer| answer.guard == "block",
                None,
                Demand::AtMost(gate.guard_block_rate),
                "share of answers the guard would not let out: at most the bound",
            ),
            bench.rate(
                "empty_rate",
                |answer| answer.text.is_empty(),
                None,
                Demand::AtMost(gate.empty_rate),
                "share of answers without visible text: at most the bound",
            ),
        ]
    }
}

/// The answered examples and how they are resampled.
struct Answers<'a> {
    pairs: &'a [Pair<'a>],
    groups: &'a Groups,
    pack: &'a Pack,
}

impl Answers<'_> {
    fn finish(
        &self,
        metric: &str,
        values: &Values,
        difference: impl Fn(&[usize]) -> Option<f64>,
        demand: Demand,
        what: &str,
    ) -> EvalResult {
        let interval = self.groups.interval(self.pack.bootstrap_rounds, self.pack.seed, difference);
        let enough = self.pairs.len() >= self.pack.minimum_replies;
        judge(metric, values, interval, demand, self.pairs.len(), enough, what, self.groups)
    }

    /// A share of answers, minus that of the true replies where they have one.
    fn rate(
        &self,
        metric: &str,
        of_answer: impl Fn(&Answer) -> bool,
        of_human: Option<&dyn Fn(&str) -> bool>,
        demand: Demand,
        what: &str,
    ) -> EvalResult {
        let candidate: Vec<bool> = self.pairs.iter().map(|pair| of_answer(pair.candidate)).collect();
        let human: Option<Vec<bool>> =
            of_human.map(|of_human| self.pairs.iter().map(|pair| of_human(pair.human)).collect());
        let baseline: Option<Vec<bool>> =
            self.pairs.iter().map(|pair| pair.baseline.map(&of_answer)).collect::<Option<Vec<_>>>();
        let values = Values {
            candidate: style::share(candidate.iter().copied()),
            baseline: baseline.and_then(style::share),
            human: human.clone().and_then(style::share),
        };
        let share =
            |flags: &[bool], chosen: &[usize]| style::share(chosen.iter().filter_map(|&at| flags.get(at).copied()));
        let difference = |chosen: &[usize]| {
            let own = share(&candidate, chosen)?;
            match &human {
                Some(human) => Some(own - share(human, chosen)?),
                None => Some(own),
            }
        };
        self.finish(metric, &values, difference, demand, what)
    }

    fn lengths(&self) -> EvalResult {
        let candidate: Vec<f64> = self.pairs.iter().map(|pair| pair.candidate.tokens as f64).collect();
        let human: Vec<f64> = self.pairs.iter().map(|pair| pair.human_tokens).collect();
        let baseline: Option<Vec<f64>> =
            self.pairs.iter().map(|pair| pair.baseline.map(|answer| answer.tokens as f64)).collect();
        let mean = |values: &[f64]| ratio(values.iter().map(|&value| (value, 1.0)));
        let values = Values {
            candidate: mean(&candidate),
            baseline: baseline.and_then(|lengths| mean(&lengths)),
            human: mean(&human),
        };
        let pick = |values: &[f64], chosen: &[usize]| -> Vec<f64> {
            chosen.iter().filter_map(|&at| values.get(at).copied()).collect()
        };
        let distance = |chosen: &[usize]| style::length_distance(&pick(&candidate, chosen), &pick(&human, chosen));
        let what = "mean lengths in tokens; their Wasserstein-1 distance over the true mean: at most the bound";
        self.finish("length_distance", &values, distance, Demand::AtMost(self.pack.gate.length_distance), what)
    }

    fn distinct(&self) -> EvalResult {
        let pairs_of = |text: &str| style::word_pairs(text);
        let candidate: Vec<_> = self.pairs.iter().map(|pair| pairs_of(&pair.candidate.text)).collect();
        let human: Vec<_> = self.pairs.iter().map(|pair| pairs_of(pair.human)).collect();
        let baseline: Option<Vec<_>> =
            self.pairs.iter().map(|pair| pair.baseline.map(|answer| pairs_of(&answer.text))).collect();
        let values = Values {
            candidate: style::distinct(candidate.iter().flatten()),
            baseline: baseline.and_then(|pairs| style::distinct(pairs.iter().flatten())),
            human: style::distinct(human.iter().flatten()),
        };
        type WordPairs = Vec<(String, String)>;
        let of = |texts: &[WordPairs], chosen: &[usize]| {
            style::distinct(chosen.iter().filter_map(|&at| texts.get(at)).flatten())
        };
        // Pairs that no resample has at all are no sign of anything; answers of one word each are, and end here.
        let difference =
            |chosen: &[usize]| Some(of(&candidate, chosen).unwrap_or(0.0) - of(&human, chosen).unwrap_or(0.0));
        let what = "distinct word pairs over all, minus that of true replies: at least the bound";
        self.finish("distinct_2", &values, difference, Demand::AtLeast(-self.pack.gate.distinct_2), what)
    }
}

/// Sum over sum; `None` of nothing.
fn ratio(parts: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (above, below) = parts.fold((0.0, 0.0), |(above, below), (a, b)| (above + a, below + b));
    (below > 0.0).then(|| above / below)
}

#[expect(clippy::too_many_arguments, reason = "one row of a table is put together, and every part is a column")]
fn judge(
    metric: &str,
    values: &Values,
    interval: Option<Interval>,
    demand: Demand,
    count: usize,
    enough: bool,
    what: &str,
    groups: &Groups,
) -> EvalResult {
    let (bound, holds, fails) = match (demand, interval) {
        (Demand::IntervalBelow(bound), found) => {
            (bound, found.is_some_and(|found| found.high < bound), found.is_none_or(|found| found.low >= bound))
        }
        (Demand::IntervalAbove(bound), found) => {
            (bound, found.is_some_and(|found| found.low > bound), found.is_none_or(|found| found.high <= bound))
        }
        (Demand::AtMost(bound), found) => point(bound, found, |value| value <= bound),
        (Demand::AtLeast(bound), found) => point(bound, found, |value| value >= bound),
        (Demand::Within(bound), found) => point(bound, found, |value| value.abs() <= bound),
    };
    let verdict = match (interval, enough, holds, fails) {
        (None, ..) => "fail",
        (_, false, ..) => "inconclusive",
        (_, _, true, _) => "pass",
        (_, _, _, true) => "fail",
        _ => "inconclusive",
    };
    EvalResult {
        metric: metric.to_owned(),
        candidate: values.candidate,
        baseline: values.baseline,
        human: values.human,
        difference: interval.map(|found| found.value),
        low: interval.map(|found| found.low),
        high: interval.map(|found| found.high),
        bound: Some(bound),
        count: count as i64,
        verdict: verdict.to_owned(),
        rule: format!("{what}; {}", groups.describe()),
    }
}

fn point(bound: f64, found: Option<Interval>, holds: impl Fn(f64) -> bool) -> (f64, bool, bool) {
    let holds = found.is_some_and(|found| holds(found.value));
    (bound, holds, !holds)
}

#[cfg(test)]
mod tests {
    use ids::Digest;

    use super::*;
    use crate::heldout::tests::example;

    /// What a good adapter makes of one held-out broadcast.
    struct Case {
        held_out: HeldOut,
        candidate: Vec<Measured>,
        baseline: Vec<Measured>,
        train: BTreeSet<String>,
        against_base: bool,
        pack: Pack,
    }

    fn measured(nll: f64, lift: f64, text: Option<String>) -> Measured {
        let answer = text.map(|text| Answer { tokens: 4, toxicity: 0.0, guard: "allow", text });
        Measured {
            nll: nll * 5.0,
            swapped_nll: Some((nll + lift) * 5.0),
            tokens: 5,
            prompt_digest: Digest::of(b"prompt"),
            answer,
        }
    }

    fn good() -> Case {
        let examples: Vec<_> = (0..24)
            .map(|at| {
                let mut one = example("a", at);
                one.reply = format!("rip{at} the{at} number{at}");
                one
            })
            .collect();
        let answered = (0..24).map(|at| (at, Some((at + 12) % 24))).collect();
        let held_out = HeldOut { split: "test", examples, answered, left_out: 0 };
        let wobble = |at: usize| (at % 5) as f64 * 0.1;
        Case {
            candidate: (0..24)
                .map(|at| measured(2.0 + wobble(at), 0.5, Some(format!("not{at} the{at} thing{at}"))))
                .collect(),
            baseline: (0..24).map(|at| measured(4.0 + wobble(at * 3), 0.4, None)).collect(),
            held_out,
            train: BTreeSet::new(),
            against_base: true,
            pack: Pack::parse("bootstrap_rounds = 1000", "test").unwrap(),
        }
    }

    fn results(case: &Case) -> Vec<EvalResult> {
        let evidence = Evidence {
            held_out: &case.held_out,
            candidate: &case.candidate,
            baseline: &case.baseline,
            against_base: case.against_base,
            train_replies: &case.train,
            emotes: &BTreeSet::from(["dougLUL".to_owned()]),
            pack: &case.pack,
        };
        evidence.results()
    }

    /// Spoils a good adapter and expects exactly these metrics not to pass, with these verdicts.
    fn check(what: &str, spoil: impl Fn(&mut Case), expect: &[(&str, &str)]) {
        let mut case = good();
        spoil(&mut case);
        let found = results(&case);
        let refused: Vec<_> = found.iter().filter(|result| result.verdict != "pass").collect();
        let refused: Vec<_> = refused.iter().map(|result| (result.metric.as_str(), result.verdict.as_str())).collect();
        assert_eq!(refused, expect, "{what}");
        assert_eq!(passes(&found), expect.is_empty(), "{what}");
    }

    fn answers(case: &mut Case, change: impl Fn(usize, &mut Answer)) {
        for (at, one) in case.candidate.iter_mut().enumerate() {
            if let Some(answer) = &mut one.answer {
                change(at, answer);
            }
        }
    }

    #[test]
    fn a_good_adapter_passes_and_each_fault_is_found_by_its_own_rule() {
        check("good", |_| {}, &[]);
        check(
            "the base model itself",
            |case| case.candidate.iter_mut().zip(&case.baseline).for_each(|(own, base)| own.nll = base.nll),
            // The swapped losses stayed, so the lift went too.
            &[("reply_nll", "fail"), ("context_lift", "fail"), ("context_lift_change", "fail")],
        );
        check(
            "better here, worse there",
            |case| {
                case.candidate.iter_mut().enumerate().for_each(|(at, own)| {
                    own.nll += if at % 4 < 2 { 26.0 } else { 0.0 };
                    own.swapped_nll = Some(own.nll + 2.5);
                })
            },
            &[("reply_nll", "inconclusive")],
        );
        check(
            "answers whatever was said",
            |case| case.candidate.iter_mut().for_each(|own| own.swapped_nll = Some(own.nll)),
            &[("context_lift", "fail"), ("context_lift_change", "fail")],
        );
        check(
            "lost half of the lift",
            |case| {
                case.candidate.iter_mut().for_each(|own| own.swapped_nll = Some(own.nll + 1.5));
                case.baseline.iter_mut().for_each(|own| own.swapped_nll = Some(own.nll + 3.5));
            },
            &[("context_lift_change", "fail")],
        );
        check("rambles", |case| answers(case, |_, answer| answer.tokens = 40), &[("length_distance", "fail")]);
        check(
            "only emotes",
            |case| answers(case, |at, answer| answer.text = format!("{at} dougLUL")),
            &[("emote_rate", "fail")],
        );
        check(
            "always the same",
            |case| answers(case, |_, answer| answer.text = "lol ok".into()),
            &[("distinct_2", "fail")],
        );
        check(
            "parrots",
            |case| case.train = (0..24).map(|at| format!("not{at} the{at} thing{at}")).collect(),
            &[("copy_rate", "fail")],
        );
        check(
            "toxic",
            |case| answers(case, |at, answer| answer.toxicity = (at % 4) as f64),
            &[("toxicity_rate", "fail")],
        );
        check(
            "blocked",
            |case| answers(case, |at, answer| answer.guard = if at % 4 == 0 { "block" } else { "mask" }),
            &[("guard_block_rate", "fail")],
        );
        check(
            "silent",
            |case| {
                answers(case, |at, answer| {
                    if at % 4 == 0 {
                        answer.text.clear()
                    }
                })
            },
            &[("empty_rate", "fail")],
        );
    }

    #[test]
    fn evidence_that_is_missing_broken_or_thin_never_passes() {
        let all = results(&good());
        let every =
            |verdict: &'static str| all.iter().map(|result| (result.metric.as_str(), verdict)).collect::<Vec<_>>();
        check(
            "no number",
            |case| case.candidate[3].nll = f64::NAN,
            &[("reply_nll", "fail"), ("context_lift", "fail"), ("context_lift_change", "fail")],
        );
        check(
            "infinite",
            |case| case.baseline[3].nll = f64::INFINITY,
            &[("reply_nll", "fail"), ("context_lift_change", "fail")],
        );
        check("nothing", |case| (case.candidate.clear(), case.baseline.clear()).0, &every("fail"));
        check(
            "few",
            |case| {
                case.candidate.truncate(8);
                case.baseline.truncate(8);
            },
            &every("inconclusive"),
        );
        assert!(!passes(&[]));
    }

    #[test]
    fn against_an_adapter_it_need_not_be_better_but_not_worse() {
        let against = |change: f64| {
            let mut case = good();
            case.against_base = false;
            case.baseline = case.candidate.clone();
            case.candidate.iter_mut().for_each(|own| own.nll += change);
            results(&case).remove(0).verdict
        };
        assert_eq!(against(0.0), "pass");
        assert_eq!(against(0.05), "pass");
        assert_eq!(against(0.15), "fail");
        let mut case = good();
        case.baseline = case.candidate.clone();
        assert_eq!(results(&case).remove(0).verdict, "fail", "equal to the base model is no reason to promote");
    }
}
