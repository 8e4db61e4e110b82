//! A wire that counts: passes connections on to an address, and counts the bytes in both directions.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::bench_error::{BenchError, During as _};

/// How much is passed on at a time, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// A running proxy; it ends when it is dropped.
pub(crate) struct CountingProxy {
    address: SocketAddr,
    bytes: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl CountingProxy {
    pub(crate) async fn start(target: SocketAddr) -> Result<Self, BenchError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.during("start a proxy")?;
        let address = listener.local_addr().during("start a proxy")?;
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&bytes);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(target).await else {
                    return;
                };
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(pass_on(near_in, far_out, Arc::clone(&counted)));
                tokio::spawn(pass_on(far_in, near_out, Arc::clone(&counted)));
            }
        });
        Ok(Self { address, bytes, task })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many bytes have passed in both directions.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for CountingProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes bytes on until either side hangs up.
async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, counted: Arc<AtomicU64>) {
    let mut buffer = vec![0; BUFFER_BYTES];
    while let Ok(len @ 1..) = from.read(&mut buffer).await {
        counted.fetch_add(len as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..len]).await.is_err() {
            return;
        }
    }
}
