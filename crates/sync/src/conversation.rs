//! A conversation at work: the peer machine between a connection and a workspace's owner.
//!
//! Three tasks: one reads, one verifies and delivers bundles in order, and one runs the machine and writes. What
//! passes between them is bounded, so that a fast sender waits for a slow disk, and nobody else does.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use openprod_core::{Bundle, BundleError, Timestamp, VerifiedBundle, WorkspaceId};
use openprod_engine::{LogHead, OwnerError, OwnerHandle, Receipt};
use openprod_storage::StorageError;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::connection::{Connection, ConnectionError, MessageReader, MessageWriter};
use crate::message::Message;
use crate::peer::{BEAT_INTERVAL, Delivery, Peer, PeerError, PeerEvent};

/// How many messages may wait between reader and machine.
const INBOX_MAX: usize = 8;

/// How many deliveries may wait for each step on their way to the store.
const DELIVERIES_MAX: usize = 2;

/// Why a conversation ended.
#[derive(Debug, Error)]
pub(crate) enum ConversationError {
    /// The connection failed.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The other side misbehaved, or fell silent, or hung up.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// It sent a bundle that is forged, damaged, or of another workspace.
    #[error("take in bundles")]
    Bundle(#[from] BundleError),
    /// It sent a bundle that no honest author could have written.
    #[error("take in bundles: {reason}")]
    Refused {
        /// What the engine said.
        reason: String,
    },
    /// The store refused, so nothing can be taken in.
    #[error("take in bundles")]
    Storage(#[source] Arc<StorageError>),
    /// The workspace was closed here, or paused, or another connection with the same member took over.
    #[error("the conversation was ended here: {0}")]
    Ended(&'static str),
}

impl ConversationError {
    /// Whether the other side did something that an honest member does not.
    pub(crate) const fn is_fault(&self) -> bool {
        matches!(
            self,
            Self::Bundle(_) | Self::Refused { .. } | Self::Peer(PeerError::Nonsense(_) | PeerError::Batch(_))
        )
    }
}

/// What a conversation needs of the service around it.
pub(crate) trait Host: Send + Sync + 'static {
    /// Whether this conversation may begin a request.
    fn may_ask(&self) -> bool;
    /// Called after each step of the machine.
    fn after_step(&self, peer: &Peer);
    /// Called for each event.
    fn on_event(&self, event: PeerEvent);
}

/// The time as this device has it.
pub(crate) fn now() -> Timestamp {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

/// Talks until something ends it. `changed` tells of commits, `end` of why to stop.
pub(crate) async fn converse(
    connection: Connection,
    peer: Peer,
    owner: OwnerHandle,
    host: Arc<dyn Host>,
    changed: watch::Receiver<u64>,
    end: watch::Receiver<Option<&'static str>>,
) -> ConversationError {
    let (reader, mut writer) = connection.split();
    let (messages, inbox) = mpsc::channel(INBOX_MAX);
    let (deliveries, results, delivering) = deliver_in_order(owner.clone());
    let reading = tokio::spawn(read(reader, messages));
    let mut talk = Talk {
        peer: Some(peer),
        owner,
        host,
        changed,
        end,
        inbox,
        deliveries,
        results,
    };
    let error = match talk.run(&mut writer).await {
        Ok(never) => match never {},
        Err(error) => error,
    };
    reading.abort();
    delivering.iter().for_each(JoinHandle::abort);
    if !matches!(error, ConversationError::Connection(_)) {
        // The reason is for the other side's people; whether it arrives changes nothing here.
        let _ = writer
            .send(&Message::Bye {
                reason: error.to_string(),
            })
            .await;
    }
    writer.close().await;
    error
}

enum Never {}

type Delivered = (Delivery, Vec<LogHead>, Result<Receipt, ConversationError>);

struct Talk {
    /// Away only while it works on a blocking thread.
    peer: Option<Peer>,
    owner: OwnerHandle,
    host: Arc<dyn Host>,
    changed: watch::Receiver<u64>,
    end: watch::Receiver<Option<&'static str>>,
    inbox: mpsc::Receiver<Result<Message, ConnectionError>>,
    deliveries: mpsc::Sender<Delivery>,
    results: mpsc::Receiver<Delivered>,
}

impl Talk {
    async fn run(&mut self, writer: &mut MessageWriter) -> Result<Never, ConversationError> {
        loop {
            self.step(writer).await?;
            let wake = self.peer.as_ref().map_or(now(), Peer::next_poll).since(now());
            tokio::select! {
                message = self.inbox.recv() => self.hear(message.unwrap_or(Err(ConnectionError::Closed))?).await?,
                Some(result) = self.results.recv() => self.note(result)?,
                changed = self.changed.changed() => changed.map_err(|_| ConversationError::Ended("closed"))?,
                ended = self.end.changed() => ended.map_err(|_| ConversationError::Ended("closed"))?,
                () = tokio::time::sleep(wake.min(BEAT_INTERVAL)) => {}
            }
            if let Some(reason) = *self.end.borrow_and_update() {
                return Err(ConversationError::Ended(reason));
            }
        }
    }

    /// Lets the machine say what it has to say.
    async fn step(&mut self, writer: &mut MessageWriter) -> Result<(), ConversationError> {
        let Some(mut peer) = self.peer.take() else {
            return Err(ConversationError::Ended("a step failed"));
        };
        peer.check_silence(now())?;
        let (snapshots, may_ask) = (self.owner.snapshots().clone(), self.host.may_ask());
        let stepped = tokio::task::spawn_blocking(move || {
            let messages = snapshots
                .take()
                .and_then(|snapshot| peer.poll(&snapshot, may_ask, now()));
            (peer, messages)
        });
        let (mut peer, messages) = stepped
            .await
            .map_err(|_| ConversationError::Ended("a step failed"))?;
        let events = peer.take_events();
        self.host.after_step(&peer);
        self.peer = Some(peer);
        events.into_iter().for_each(|event| self.host.on_event(event));
        for message in messages.map_err(|error| ConversationError::Storage(Arc::new(error)))? {
            writer.send(&message).await?;
        }
        Ok(())
    }

    async fn hear(&mut self, message: Message) -> Result<(), ConversationError> {
        let Some(peer) = &mut self.peer else { return Ok(()) };
        let mut delivery = peer.handle(message, now())?;
        // While the way to the store is full, results are taken, or both would wait for each other.
        while let Some(waiting) = delivery.take() {
            match self.deliveries.try_send(waiting) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(waiting)) => {
                    delivery = Some(waiting);
                    let Some(result) = self.results.recv().await else {
                        break;
                    };
                    self.note(result)?;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return Err(ConversationError::Ended("closed")),
            }
        }
        Ok(())
    }

    fn note(&mut self, (delivery, heads, result): Delivered) -> Result<(), ConversationError> {
        let receipt = result?;
        if let Some(peer) = &mut self.peer {
            peer.delivered(&delivery, &heads, Some(&receipt), now());
        }
        Ok(())
    }
}

async fn read(mut reader: MessageReader, messages: mpsc::Sender<Result<Message, ConnectionError>>) {
    loop {
        let message = reader.next().await;
        let last = message.is_err();
        if messages.send(message).await.is_err() || last {
            return;
        }
    }
}

/// Two steps, so that one batch is verified while the one before it is committed.
fn deliver_in_order(
    owner: OwnerHandle,
) -> (
    mpsc::Sender<Delivery>,
    mpsc::Receiver<Delivered>,
    [JoinHandle<()>; 2],
) {
    let (deliveries, mut unverified) = mpsc::channel::<Delivery>(DELIVERIES_MAX);
    let (verified, mut uncommitted) = mpsc::channel(DELIVERIES_MAX);
    let (committed, results) = mpsc::channel(2 * DELIVERIES_MAX);
    let workspace = owner.workspace().id;
    let verifying = tokio::spawn(async move {
        while let Some(delivery) = unverified.recv().await {
            let judged = tokio::task::spawn_blocking(move || {
                let bundles = verify(&delivery.bundles, workspace);
                (delivery, bundles)
            });
            let Ok(judged) = judged.await else { return };
            if verified.send(judged).await.is_err() {
                return;
            }
        }
    });
    let committing = tokio::spawn(async move {
        while let Some((delivery, bundles)) = uncommitted.recv().await {
            let (heads, result) = match bundles {
                Ok(bundles) => (heads(&bundles), commit(&owner, bundles).await),
                Err(error) => (Vec::new(), Err(error.into())),
            };
            if committed.send((delivery, heads, result)).await.is_err() {
                return;
            }
        }
    });
    (deliveries, results, [verifying, committing])
}

fn verify(bundles: &[Vec<u8>], workspace: WorkspaceId) -> Result<Vec<VerifiedBundle>, BundleError> {
    bundles
        .iter()
        .map(|bytes| Bundle::decode(bytes.as_slice())?.verify(workspace))
        .collect()
}

fn heads(bundles: &[VerifiedBundle]) -> Vec<LogHead> {
    let head = |bundle: &VerifiedBundle| {
        let header = bundle.header();
        LogHead {
            actor: header.actor,
            log: header.log,
            seq: header.seq,
            hash: *bundle.hash(),
        }
    };
    bundles.iter().map(head).collect()
}

/// Gives bundles to the owner; while it is too busy to take them, the sender waits.
async fn commit(owner: &OwnerHandle, bundles: Vec<VerifiedBundle>) -> Result<Receipt, ConversationError> {
    let receipt = loop {
        let (reply, answer) = oneshot::channel();
        let given = owner.receive(bundles.clone(), move |receipt| {
            // A conversation that ended meanwhile no longer needs the answer.
            let _ = reply.send(receipt);
        });
        match given {
            Ok(()) => break answer.await.map_err(|_| ConversationError::Ended("closed"))?,
            Err(OwnerError::Busy) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            Err(OwnerError::Closed) => return Err(ConversationError::Ended("closed")),
        }
    };
    let receipt = receipt.map_err(ConversationError::Storage)?;
    match &receipt.refused {
        None | Some(openprod_engine::AdmissionError::Missing) => Ok(receipt),
        Some(error) => Err(ConversationError::Refused {
            reason: error.to_string(),
        }),
    }
}
