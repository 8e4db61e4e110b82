//! A small HTTP client that keeps its connection, so that little of what is measured is its own.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bench_error::{BenchError, During as _};

/// A connection to an engine, or to a limit server.
pub(crate) struct HttpClient {
    stream: TcpStream,
    address: SocketAddr,
    token: String,
    buffer: Vec<u8>,
}

impl HttpClient {
    pub(crate) async fn connect(address: SocketAddr, token: &str) -> Result<Self, BenchError> {
        let stream = TcpStream::connect(address).await.during("connect over HTTP")?;
        stream.set_nodelay(true).during("connect over HTTP")?;
        Ok(Self {
            stream,
            address,
            token: token.to_owned(),
            buffer: Vec::new(),
        })
    }

    /// Sends JSON and returns the body of the answer, which must be a 200.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Result<Vec<u8>, BenchError> {
        let head = format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        self.ask("POST", path, &head, body).await
    }

    /// Returns the body of the answer, which must be a 200.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Vec<u8>, BenchError> {
        self.ask("GET", path, "", "").await
    }

    async fn ask(&mut self, method: &str, path: &str, head: &str, body: &str) -> Result<Vec<u8>, BenchError> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n{head}\r\n{body}",
            self.address, self.token
        );
        self.stream
            .write_all(request.as_bytes())
            .await
            .during("ask over HTTP")?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Vec<u8>, BenchError> {
        self.buffer.clear();
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        let whole =
            end + length.ok_or_else(|| BenchError::Wrong(format!("an answer without a length: {head}")))?;
        while self.buffer.len() < whole {
            self.read().await?;
        }
        let body = self.buffer[end..whole].to_vec();
        if head.starts_with("http/1.1 200") {
            Ok(body)
        } else {
            Err(BenchError::Wrong(format!(
                "refused: {}",
                String::from_utf8_lossy(&body)
            )))
        }
    }

    async fn read(&mut self) -> Result<(), BenchError> {
        match self
            .stream
            .read_buf(&mut self.buffer)
            .await
            .during("read an answer")?
        {
            0 => Err(BenchError::Wrong("the server hung up".to_owned())),
            _ => Ok(()),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
