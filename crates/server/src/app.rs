//! What the routes work with: the host, access, and the two ways into a workspace.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use metrics_exporter_prometheus::PrometheusHandle;
use openprod_core::{FieldType, Payload};
use openprod_engine::{
    Command, CommandError, Destination, Outcome, OwnerError, OwnerHandle, Request, Snapshot,
};
use openprod_events::clock::{Clock as _, SystemClock};
use openprod_events::rate::TokenBuckets;
use serde::Serialize;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::access::Access;
use crate::command_envelope::{CommandEnvelope, Done};
use crate::demo::DemoOffer;
use crate::host::Host;
use crate::measure::count_command;
use crate::page_files::PageFiles;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::refusal::told;
use crate::server::Ready;
use crate::settings::Tuning;

/// What a snapshot is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Showing {
    /// What a person sees: with the active draft on top.
    Active,
    /// What is written: without any draft.
    Written,
}

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

struct Parts {
    host: Host,
    access: Access,
    metrics: PrometheusHandle,
    page_files: PageFiles,
    reads: Arc<Semaphore>,
    sockets: Arc<Semaphore>,
    tuning: Tuning,
    rate: TokenBuckets<()>,
    clock: SystemClock,
    stopping: watch::Receiver<bool>,
    demo: Option<(DemoOffer, Ready)>,
    /// Held while a show is made: one at a time is enough.
    making_demo: tokio::sync::Mutex<()>,
}

impl App {
    pub(crate) fn new(
        host: Host,
        access: Access,
        metrics: PrometheusHandle,
        tuning: Tuning,
        stopping: watch::Receiver<bool>,
        demo: Option<(DemoOffer, Ready)>,
    ) -> Self {
        let reads = Arc::new(Semaphore::new(tuning.limits.reads()));
        let sockets = Arc::new(Semaphore::new(tuning.limits.sockets()));
        Self(Arc::new(Parts {
            host,
            access,
            metrics,
            page_files: PageFiles::embedded(),
            reads,
            sockets,
            tuning,
            rate: TokenBuckets::new(tuning.limits.requests),
            clock: SystemClock::default(),
            stopping,
            demo,
            making_demo: tokio::sync::Mutex::default(),
        }))
    }

    pub(crate) fn host(&self) -> &Host {
        &self.0.host
    }

    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }

    pub(crate) fn metrics(&self) -> &PrometheusHandle {
        &self.0.metrics
    }

    pub(crate) fn page_files(&self) -> &PageFiles {
        &self.0.page_files
    }

    pub(crate) fn sockets(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.sockets)
    }

    /// How many clients follow the news over a WebSocket.
    pub(crate) fn subscriptions(&self) -> usize {
        let sockets_max = self.0.tuning.limits.sockets();
        sockets_max.saturating_sub(self.0.sockets.available_permits())
    }

    /// Whether there is a show that can be made to look around in.
    pub(crate) fn offers_demo(&self) -> bool {
        self.0.demo.is_some()
    }

    /// Makes a workspace with that show.
    pub(crate) async fn make_demo(&self) -> Result<OwnerHandle, Problem> {
        let missing = || Problem::new(ProblemCode::Unsupported, "make demo show: this engine has none");
        let (DemoOffer(maker), ready) = self.0.demo.clone().ok_or_else(missing)?;
        let busy = |_| Problem::new(ProblemCode::Busy, "make demo show: one is being made already");
        let _making = self.0.making_demo.try_lock().map_err(busy)?;
        let owner = self.host().create(maker.title()).await?;
        let workspace = owner.workspace().id;
        let filling = tokio::task::spawn_blocking(move || maker.fill(&ready, workspace));
        let filled = filling.await.map_err(|error| failed(&error))?;
        filled.map_err(|error| failed(&*error))?;
        Ok(owner)
    }

    /// Counts a request.
    ///
    /// # Errors
    /// After how much time one more is taken, when there were too many.
    pub(crate) fn count_request(&self) -> Result<(), Duration> {
        self.0.rate.take(&(), self.0.clock.now())
    }

    /// Becomes true when the server stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.clone()
    }

    /// Gives a command to a workspace, and waits until it is durable or refused.
    pub(crate) async fn execute(
        &self,
        workspace: Option<&str>,
        envelope: Option<CommandEnvelope>,
        command: Command,
    ) -> Result<Outcome, Problem> {
        self.execute_in(Destination::Active, workspace, envelope, command)
            .await
    }

    /// Gives a command to a workspace, says where its changes go, and waits until it is durable or refused.
    pub(crate) async fn execute_in(
        &self,
        destination: Destination,
        workspace: Option<&str>,
        envelope: Option<CommandEnvelope>,
        command: Command,
    ) -> Result<Outcome, Problem> {
        let owner = self.host().select(workspace)?;
        let envelope = envelope.unwrap_or_default().read()?;
        let name = command.name();
        let request = Request {
            envelope,
            command,
            destination,
        };
        let given = Instant::now();
        let result = give(|reply| owner.execute(request, reply)).await?;
        let result = result.map_err(|error: CommandError| Problem::from(error));
        let refusal = result.as_ref().err().map(Problem::code);
        count_command(name, refusal, given.elapsed());
        result
    }

    /// Gives a command to a workspace, and answers with what every command leads to.
    pub(crate) async fn carry_out(
        &self,
        workspace: Option<&str>,
        envelope: Option<CommandEnvelope>,
        command: Command,
    ) -> Result<Response, Problem> {
        let outcome = self.execute(workspace, envelope, command).await?;
        json(&Done::from(&outcome)).map(json_response)
    }

    /// The operations that a command wrote, in order; none when they were staged in a draft.
    pub(crate) async fn payloads(
        &self,
        workspace: Option<&str>,
        outcome: &Outcome,
    ) -> Result<Vec<Payload>, Problem> {
        let Some(bundle) = outcome.bundle_id else {
            return Ok(Vec::new());
        };
        self.look(workspace, Showing::Written, move |snapshot, _| {
            let payloads = snapshot.bundle(bundle)?.map(|bundle| {
                let payloads = bundle.payloads().filter_map(|(_, payload)| payload.ok());
                payloads.collect()
            });
            Ok(payloads.unwrap_or_default())
        })
        .await
    }

    /// The list fields of a table, as the active draft has it; none of a table that is not there.
    pub(crate) async fn list_fields(
        &self,
        workspace: Option<&str>,
        table: &str,
    ) -> Result<BTreeSet<String>, Problem> {
        let table = table.to_owned();
        self.look(workspace, Showing::Active, move |snapshot, _| {
            let fields = snapshot
                .schema()
                .find(&table)
                .map_or(&[][..], |table| &table.fields);
            let lists = fields
                .iter()
                .filter(|field| field.field_type == FieldType::CrdtList);
            Ok(lists.map(|field| field.name.clone()).collect())
        })
        .await
    }

    /// Answers from a snapshot of a workspace, as a person sees it.
    pub(crate) async fn read<T: Serialize>(
        &self,
        workspace: Option<&str>,
        answer: impl FnOnce(&Snapshot, &OwnerHandle) -> Result<T, Problem> + Send + 'static,
    ) -> Result<Response, Problem> {
        self.answer(workspace, Showing::Active, answer).await
    }

    /// Answers from a snapshot of a workspace.
    pub(crate) async fn answer<T: Serialize>(
        &self,
        workspace: Option<&str>,
        showing: Showing,
        answer: impl FnOnce(&Snapshot, &OwnerHandle) -> Result<T, Problem> + Send + 'static,
    ) -> Result<Response, Problem> {
        let answer = move |snapshot: &Snapshot, owner: &OwnerHandle| json(&answer(snapshot, owner)?);
        Ok(json_response(self.look(workspace, showing, answer).await?))
    }

    /// Looks something up in a snapshot of a workspace, off the threads that serve sockets.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        workspace: Option<&str>,
        showing: Showing,
        look: impl FnOnce(&Snapshot, &OwnerHandle) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let owner = self.host().select(workspace)?;
        let turn = tokio::time::timeout(
            self.0.tuning.timeouts.read_wait(),
            Arc::clone(&self.0.reads).acquire_owned(),
        );
        let busy = |_| {
            Problem::new(
                ProblemCode::Busy,
                "read: too many reads are running; try again shortly",
            )
        };
        let turn = turn.await.map_err(busy)?.expect("the semaphore is never closed");
        let looking = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let snapshot = match showing {
                Showing::Active => owner.snapshots().view()?,
                Showing::Written => owner.snapshots().take()?,
            };
            look(&snapshot, &owner)
        });
        looking.await.map_err(|error| failed(&error))?
    }
}

/// Gives work to an owner and waits for its answer.
pub(crate) async fn give<T: Send + 'static>(
    work: impl FnOnce(Box<dyn FnOnce(T) + Send>) -> Result<(), OwnerError>,
) -> Result<T, Problem> {
    let (sender, receiver) = oneshot::channel();
    work(Box::new(move |answer| {
        // The caller may have hung up; the work is done all the same.
        let _ = sender.send(answer);
    }))?;
    receiver.await.map_err(|_| OwnerError::Closed.into())
}

/// A refusal for what broke inside.
pub(crate) fn failed(error: &dyn std::error::Error) -> Problem {
    let text = told(error);
    tracing::error!("{text}");
    Problem::new(ProblemCode::Internal, text)
}

/// The JSON text of an answer.
pub(crate) fn json<T: Serialize>(answer: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| failed(&error))
}

/// An answer of JSON text.
pub(crate) fn json_response(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}
