//! A show to look around in, which an engine may offer to make.
//!
//! The server knows no show: who starts it may bring one along, and fills it over the HTTP interface like any program.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use openprod_core::WorkspaceId;

use crate::server::Ready;

/// Makes a show to look around in.
pub trait DemoMaker: Send + Sync {
    /// What its workspace is called.
    fn title(&self) -> String;

    /// Fills a workspace that was made for it, through the engine that answers as `ready` says. Blocks until all is in.
    ///
    /// # Errors
    /// What the engine refused; the workspace may then hold part of the show.
    fn fill(&self, ready: &Ready, workspace: WorkspaceId) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// The show that an engine offers to make; cheap to clone.
#[derive(Clone)]
pub struct DemoOffer(pub Arc<dyn DemoMaker>);

impl fmt::Debug for DemoOffer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("DemoOffer").field(&self.0.title()).finish()
    }
}
