//! A port of its own for whoever watches an engine: `/metrics` and `/health`, and nothing else.
//!
//! Programs that collect metrics hold no token, and must not have one: it would let them read and write everything. So this
//! port needs none, tells only numbers, and listens on 127.0.0.1, which nothing can change.

use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::app::App;
use crate::routes::health;
use crate::server::ServeError;

/// The port, before anything is answered on it.
pub(crate) struct GaugePort {
    listener: TcpListener,
    port: u16,
}

impl GaugePort {
    /// Listens on a port of 127.0.0.1; 0 takes any that is free.
    pub(crate) async fn bind(port: u16) -> Result<Self, ServeError> {
        let listen = |source| ServeError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        Ok(Self { listener, port })
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Answers until the app stops.
    pub(crate) async fn serve(self, app: App) {
        let mut stopping = app.stopping();
        let stopped = async move {
            // An error means that the server was dropped, which is a stop too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        };
        let router = Router::new()
            .route("/metrics", get(health::metrics))
            .route("/health", get(health::health))
            .fallback(|| async { StatusCode::NOT_FOUND })
            .with_state(app)
            .layer(from_fn_with_state(self.port, called_by_its_name));
        if let Err(error) = axum::serve(self.listener, router)
            .with_graceful_shutdown(stopped)
            .await
        {
            tracing::error!(%error, "the port for metrics ended");
        }
    }
}

/// Lets requests through that name this port. A web page whose name was made to point here would name another host.
async fn called_by_its_name(State(port): State<u16>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let names = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    if host.is_some_and(|host| names.iter().any(|name| name == host)) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}
