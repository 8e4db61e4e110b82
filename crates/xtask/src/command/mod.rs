//! The tasks, one a file.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod coverage;
pub(crate) mod desktop;
pub(crate) mod generate;
pub(crate) mod run;
pub(crate) mod test;
