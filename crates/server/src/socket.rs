//! The WebSocket: tells a client that something changed.
//!
//! The first message must be `{"type":"hello","token":TOKEN}`; the answer is `{"type":"ready"}`, and every later
//! change is told. A client that cannot keep up is not waited for: what it missed is replaced by one `resync`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::app::App;
use crate::event::Event;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;

/// How long a client may take to say hello.
const HELLO_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a client may take to receive a message before it is given up.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);

/// How often a client that hears nothing else is pinged, so that one that is gone is noticed.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// The longest message from a client, in bytes: it has only a hello to say.
const MESSAGE_BYTES_MAX: usize = 4_096;

/// Close codes, from the range that is left to applications: the HTTP status they stand for, plus 4000.
const UNAUTHORIZED: u16 = 4_401;
const TOO_SLOW: u16 = 4_408;

/// Closing because the engine stops (RFC 6455: going away).
const GOING_AWAY: u16 = 1_001;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    r#type: String,
    token: String,
}

/// The WebSocket. First message: `{"type":"hello","token":TOKEN}` within five seconds. Then come messages of the
/// schema `Event`, the first of them `ready`.
#[utoipa::path(get, path = "/ws", tag = "events", security(()), responses((status = 101, description = "Events follow."), Problem))]
pub(crate) async fn socket(
    State(app): State<App>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|error| Problem::new(ProblemCode::UpgradeRequired, error.body_text()))?;
    let busy = |_| Problem::new(ProblemCode::Busy, "open WebSocket: too many are open already");
    let place = app.sockets().try_acquire_owned().map_err(busy)?;
    let upgrade = upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| serve(socket, app, place)))
}

async fn serve(mut socket: WebSocket, app: App, _place: OwnedSemaphorePermit) {
    let (code, reason) = match timeout(HELLO_TIME_MAX, hello(&mut socket, &app)).await {
        Ok(Some(true)) => match follow(&mut socket, &app).await {
            Some(close) => close,
            None => return,
        },
        Ok(Some(false)) => (UNAUTHORIZED, "the token is missing or wrong"),
        Ok(None) => return,
        Err(_) => (TOO_SLOW, "no hello within five seconds"),
    };
    let close = Message::Close(Some(CloseFrame {
        code,
        reason: reason.into(),
    }));
    // The client may be gone already; there is nobody to tell then.
    let _ = timeout(SEND_TIME_MAX, socket.send(close)).await;
}

/// Whether the first message shows the token; `None` when the client is gone.
async fn hello(socket: &mut WebSocket, app: &App) -> Option<bool> {
    loop {
        let text = match socket.recv().await?.ok()? {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Binary(_) => return Some(false),
            Message::Close(_) => return None,
        };
        let hello: Option<Hello> = serde_json::from_str(&text).ok();
        return Some(
            hello.is_some_and(|hello| hello.r#type == "hello" && app.access().token().is(&hello.token)),
        );
    }
}

/// Tells events until the client is gone (`None`) or must be closed (why).
async fn follow(socket: &mut WebSocket, app: &App) -> Option<(u16, &'static str)> {
    let mut events = app.host().events().subscribe();
    let mut stopping = app.stopping();
    let mut ping = interval(PING_INTERVAL);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ping.reset();
    send(socket, Event::Ready.to_json()).await?;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(text) => send(socket, text).await?,
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "a client was too slow");
                    events = events.resubscribe();
                    send(socket, Event::Resync.to_json()).await?;
                }
                Err(RecvError::Closed) => return Some((GOING_AWAY, "the engine stops")),
            },
            message = socket.recv() => match message?.ok()? {
                Message::Close(_) => return None,
                // There is nothing more that a client could say.
                Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => {}
            },
            _ = ping.tick() => deliver(socket, Message::Ping(axum::body::Bytes::new())).await?,
            () = stopped(&mut stopping) => return Some((GOING_AWAY, "the engine stops")),
        }
    }
}

/// Waits until the server stops, or is gone, which is a stop too.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn send(socket: &mut WebSocket, text: Arc<str>) -> Option<()> {
    deliver(socket, Message::Text((&*text).into())).await
}

async fn deliver(socket: &mut WebSocket, message: Message) -> Option<()> {
    timeout(SEND_TIME_MAX, socket.send(message)).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures_util::{SinkExt as _, StreamExt as _};
    use serde_json::{Value, json};
    use tokio_tungstenite::tungstenite;

    use crate::event::Event;
    use crate::server::{Server, ServerConfig};

    #[tokio::test(flavor = "multi_thread")]
    async fn client_that_reads_too_slowly_is_told_to_ask_again_and_goes_on() {
        let data = tempfile::tempdir().unwrap();
        let sync = (Ipv4Addr::LOCALHOST, 0).into();
        let config = ServerConfig {
            data: data.path().into(),
            port: 0,
            sync,
            mdns: false,
            name: "Booth".into(),
            tuning: crate::settings::Tuning::default(),
            new_token: false,
            demo: None,
        };
        let server = Server::start(config).await.unwrap();
        let url = server.ready().url.replace("http:", "ws:") + "/ws";
        let (mut client, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let hello = json!({"type": "hello", "token": server.ready().token}).to_string();
        client.send(tungstenite::Message::text(hello)).await.unwrap();
        let mut next = async || -> Value {
            serde_json::from_str(client.next().await.unwrap().unwrap().to_text().unwrap()).unwrap()
        };
        assert_eq!(next().await["type"], "ready");

        // More than all the buffers between here and the client hold.
        let events = server.events();
        let many = 6_000;
        let large = Event::SyncRejected {
            workspace: "w".into(),
            peer_id: "p".into(),
            reason: "x".repeat(10_000),
        };
        for _ in 0..many {
            events.tell(&large);
        }
        let mut told = 0;
        while next().await["type"] != "resync" {
            told += 1;
        }
        assert!(told < many, "nothing was left out");
        events.tell(&Event::WorkspacesChanged);
        let mut after = 0;
        while next().await["type"] != "workspaces_changed" {
            after += 1;
        }
        assert!(told + after < many, "what was missed is not made up for");
        server.stop().await;
    }
}
