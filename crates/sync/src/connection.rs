//! One TCP connection with a member: the handshake on it, then messages through the channel.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use openprod_core::encoding::DecodeError;
use openprod_core::{ActorId, WorkspaceId};
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::channel::{Channel, ChannelError, Opener, Sealer};
use crate::frame::{FRAME_BYTES_MAX, FrameBuffer, FrameError};
use crate::handshake::{Credentials, HANDSHAKE_BYTES_MAX, HandshakeError, Initiator, Responder};
use crate::message::Message;
use crate::replay::ReplayGuard;
use crate::secret::Membership;

/// How long a handshake may take, from the first byte to the last.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a connection may take to be made.
const DIAL_TIME_MAX: Duration = Duration::from_secs(5);

/// How long the network may refuse to take bytes before the other side is given up.
const WRITE_TIME_MAX: Duration = Duration::from_secs(10);

/// How much is read at once, in bytes.
const READ_BYTES: usize = 64 << 10;

/// Why a connection could not be made, or ended.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// The network refused.
    #[error("use connection")]
    Network(#[from] io::Error),
    /// The other side took too long.
    #[error("use connection: the other side took too long")]
    TimedOut,
    /// The other side hung up.
    #[error("use connection: the other side closed it")]
    Closed,
    /// The frames do not make sense.
    #[error("use connection")]
    Frame(#[from] FrameError),
    /// The other side is no member, or not who it claims to be.
    #[error("use connection")]
    Handshake(#[from] HandshakeError),
    /// The channel was tampered with.
    #[error("use connection")]
    Channel(#[from] ChannelError),
    /// What came through the channel is no message.
    #[error("use connection: what came is no message")]
    Message(#[from] DecodeError),
}

/// A connection on which both sides know each other.
#[derive(Debug)]
pub struct Connection {
    channel: Channel,
    stream: TcpStream,
    frames: FrameBuffer,
    /// Where the other side is, as the network sees it.
    pub address: SocketAddr,
}

impl Connection {
    /// Dials a member and shakes hands.
    ///
    /// # Errors
    /// [`ConnectionError`].
    pub async fn dial(
        address: SocketAddr,
        membership: &Membership,
        credentials: &Credentials,
    ) -> Result<Self, ConnectionError> {
        let stream = timeout(DIAL_TIME_MAX, TcpStream::connect(address))
            .await
            .map_err(|_| ConnectionError::TimedOut)??;
        timeout(
            HANDSHAKE_TIME_MAX,
            Self::greet(stream, address, membership, credentials),
        )
        .await
        .map_err(|_| ConnectionError::TimedOut)?
    }

    /// Shakes hands with whoever dialled. A stranger gets no byte.
    ///
    /// # Errors
    /// [`ConnectionError`]; the connection is to be dropped without a word.
    pub async fn accept(
        stream: TcpStream,
        address: SocketAddr,
        memberships: &[Membership],
        credentials: &Credentials,
        guard: &Mutex<ReplayGuard>,
    ) -> Result<Self, ConnectionError> {
        timeout(
            HANDSHAKE_TIME_MAX,
            Self::respond(stream, address, memberships, credentials, guard),
        )
        .await
        .map_err(|_| ConnectionError::TimedOut)?
    }

    /// Shakes hands, as the one who dialled, for as long as it takes.
    pub(crate) async fn greet(
        mut stream: TcpStream,
        address: SocketAddr,
        membership: &Membership,
        credentials: &Credentials,
    ) -> Result<Self, ConnectionError> {
        stream.set_nodelay(true)?;
        let (initiator, first) = Initiator::start(membership, credentials)?;
        stream.write_all(&first).await?;
        let mut frames = FrameBuffer::new(HANDSHAKE_BYTES_MAX);
        let second = read_frame(&mut stream, &mut frames).await?;
        let (channel, third) = initiator.finish(&second)?;
        stream.write_all(&third).await?;
        Ok(Self::begin(channel, stream, frames, address))
    }

    async fn respond(
        mut stream: TcpStream,
        address: SocketAddr,
        memberships: &[Membership],
        credentials: &Credentials,
        guard: &Mutex<ReplayGuard>,
    ) -> Result<Self, ConnectionError> {
        stream.set_nodelay(true)?;
        let mut frames = FrameBuffer::new(HANDSHAKE_BYTES_MAX);
        let first = read_frame(&mut stream, &mut frames).await?;
        let (responder, second) = {
            let mut guard = guard.lock().unwrap_or_else(PoisonError::into_inner);
            Responder::answer(&first, memberships, credentials, &mut guard)?
        };
        stream.write_all(&second).await?;
        let third = read_frame(&mut stream, &mut frames).await?;
        Ok(Self::begin(responder.finish(&third)?, stream, frames, address))
    }

    fn begin(channel: Channel, stream: TcpStream, mut frames: FrameBuffer, address: SocketAddr) -> Self {
        frames.set_limit(FRAME_BYTES_MAX);
        Self {
            channel,
            stream,
            frames,
            address,
        }
    }

    /// Who the other side is, proven by signature.
    #[must_use]
    pub const fn peer(&self) -> ActorId {
        self.channel.peer()
    }

    /// The workspace that both are members of.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.channel.workspace()
    }

    /// Whether this side dialled.
    #[must_use]
    pub const fn is_initiator(&self) -> bool {
        self.channel.is_initiator()
    }

    /// Splits it for reading and writing at once.
    #[must_use]
    pub fn split(self) -> (MessageReader, MessageWriter) {
        let (sealer, opener) = self.channel.split();
        let (read, write) = self.stream.into_split();
        let reader = MessageReader {
            opener,
            read,
            frames: self.frames,
            buffer: vec![0; READ_BYTES],
            filled: 0..0,
        };
        (reader, MessageWriter { sealer, write })
    }
}

/// Reads one frame of a handshake, a byte at a time if need be: the other side waits for the answer, so nothing
/// of the next frame can have arrived.
async fn read_frame(stream: &mut TcpStream, frames: &mut FrameBuffer) -> Result<Vec<u8>, ConnectionError> {
    let mut prefix = [0; 2];
    stream.read_exact(&mut prefix).await.map_err(closed)?;
    if let Some(frame) = frames.take(&mut prefix.as_slice())? {
        return Ok(frame);
    }
    let mut body = vec![0; usize::from(u16::from_be_bytes(prefix))];
    stream.read_exact(&mut body).await.map_err(closed)?;
    frames.take(&mut body.as_slice())?.ok_or(ConnectionError::Closed)
}

fn closed(error: io::Error) -> ConnectionError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => ConnectionError::Closed,
        _ => ConnectionError::Network(error),
    }
}

/// The reading half of a connection.
#[derive(Debug)]
pub struct MessageReader {
    opener: Opener,
    read: OwnedReadHalf,
    frames: FrameBuffer,
    buffer: Vec<u8>,
    /// What of the buffer has been read from the network and not yet taken.
    filled: std::ops::Range<usize>,
}

impl MessageReader {
    /// The next message. Not to be cancelled half-way and called again.
    ///
    /// # Errors
    /// [`ConnectionError`]; the connection is then at its end.
    pub async fn next(&mut self) -> Result<Message, ConnectionError> {
        loop {
            let mut input = &self.buffer[self.filled.clone()];
            let before = input.len();
            let frame = self.frames.take(&mut input)?;
            self.filled.start += before - input.len();
            match frame {
                Some(frame) => {
                    if let Some(message) = self.opener.open(&frame)? {
                        return Ok(Message::decode(&message)?);
                    }
                }
                None => {
                    let count = self.read.read(&mut self.buffer).await.map_err(closed)?;
                    if count == 0 {
                        return Err(ConnectionError::Closed);
                    }
                    self.filled = 0..count;
                }
            }
        }
    }
}

/// The writing half of a connection.
#[derive(Debug)]
pub struct MessageWriter {
    sealer: Sealer,
    write: OwnedWriteHalf,
}

impl MessageWriter {
    /// Sends a message.
    ///
    /// # Errors
    /// [`ConnectionError`]; the connection is then at its end.
    pub async fn send(&mut self, message: &Message) -> Result<(), ConnectionError> {
        let frames = self.sealer.seal(&message.encode())?;
        timeout(WRITE_TIME_MAX, self.write.write_all(&frames))
            .await
            .map_err(|_| ConnectionError::TimedOut)??;
        Ok(())
    }

    /// Says that nothing more will come.
    pub async fn close(mut self) {
        // The other side may be gone already; there is nobody left to tell.
        let _ = timeout(Duration::from_secs(1), self.write.shutdown()).await;
    }
}
