//! Takes connections and serves them: HTTP/1.1 with limits on how long a head may take.
//!
//! Invariant: a stop lets requests that were begun be answered, for a while; after that nothing of ours waits for a peer.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How long a peer may take over the head of a request, and stay silent between two.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long requests that were begun may go on after a stop.
const FINISH_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait when the process has no more sockets to give.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until `stop` comes, then lets what was begun finish.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            stream = accept(&listener) => {
                let service = TowerToHyperService::new(router.clone());
                let connection = http.serve_connection(TokioIo::new(stream), service);
                let watched = graceful.watch(connection);
                tokio::spawn(async move {
                    // A peer that breaks off or sends nonsense is nobody's fault here.
                    if let Err(error) = watched.await {
                        tracing::debug!(%error, "a connection ended early");
                    }
                });
            }
            () = &mut stop => break,
        }
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = sleep(FINISH_WITHIN) => tracing::warn!("some requests were still open when the server stopped"),
    }
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and whole: waiting for more to send with them only costs time.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                sleep(BREATH).await;
            }
        }
    }
}
