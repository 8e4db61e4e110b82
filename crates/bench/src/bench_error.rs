//! Why a measurement could not be made.

use std::error::Error;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// Something that had to be done failed.
    #[error("{act}")]
    Failed {
        act: &'static str,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// What was measured did not do what it had to: a figure of it would mean nothing.
    #[error("{0}")]
    Wrong(String),
}

/// Says what failed.
pub(crate) trait During<T> {
    fn during(self, act: &'static str) -> Result<T, BenchError>;
}

impl<T, E: Error + Send + Sync + 'static> During<T> for Result<T, E> {
    fn during(self, act: &'static str) -> Result<T, BenchError> {
        self.map_err(|source| BenchError::Failed {
            act,
            source: Box::new(source),
        })
    }
}
