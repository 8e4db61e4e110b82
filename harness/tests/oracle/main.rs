//! The naive oracle: held to the rules of `docs/derivation.md` by hand, then held against engines in random histories.

mod coverage;
mod histories;
mod regressions;
mod rules;
mod strategy;
