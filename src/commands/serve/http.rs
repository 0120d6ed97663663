//! The HTTP side of `tftop serve` and of a run: a few pages of the newest look, which is never waited for. Bounded in connections,
//! time and what it reads of a request; changes nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::commands::serve::looked::Looked;
use crate::commands::serve::tls::Tls;
use crate::output;

/// Connections at once; more wait.
const MOST_CONNECTIONS: usize = 64;
/// How long a client may take to ask, and one connection to live: a scraper comes again.
const ASKED_WITHIN: Duration = Duration::from_secs(5);
const LIVES: Duration = Duration::from_secs(60);
/// Where no descriptor is left to accept with.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
/// Bytes of a request's head.
const HEAD: usize = 16 * 1024;
/// Intervals without a look after which it is not healthy, and seconds beside.
const MISSED_INTERVALS: u32 = 3;
const MISSED: Duration = Duration::from_secs(10);

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const INDEX: &str = "tftop\n\n/metrics\n/api/v1/ps\n/api/v1/report?pid=PID\n/-/healthy\n";

/// What answers.
#[derive(Clone)]
pub(super) struct Server {
    looks: watch::Receiver<Looked>,
    token: Option<Arc<str>>,
    tls: Option<Arc<Tls>>,
}

type Answer = Response<Full<Bytes>>;

impl Server {
    pub(super) fn new(looks: watch::Receiver<Looked>, token: Option<String>, tls: Option<Arc<Tls>>) -> Self {
        Self { looks, token: token.map(Into::into), tls }
    }

    /// Answers for ever.
    pub(super) async fn run(self, listener: TcpListener) -> anyhow::Result<Infallible> {
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let place = places.clone().acquire_owned().await?;
            let Ok((stream, _)) = listener.accept().await else {
                sleep(ACCEPT_AGAIN).await;
                continue;
            };
            let server = self.clone();
            tokio::spawn(async move {
                match server.tls.as_ref().map(|tls| tls.acceptor()) {
                    // One that does not greet in time, or in another language, is left.
                    Some(tls) => {
                        if let Ok(Ok(stream)) = timeout(ASKED_WITHIN, tls.accept(stream)).await {
                            server.converse(stream).await;
                        }
                    }
                    None => server.converse(stream).await,
                }
                drop(place);
            });
        }
    }

    /// Answers one client.
    async fn converse(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let answer = service_fn(move |request| {
            let answer = self.answer(&request);
            async move { Ok::<_, Infallible>(answer) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(ASKED_WITHIN).max_buf_size(HEAD);
        // A client that goes away or never asks is no error of anybody's.
        let _ = timeout(LIVES, builder.serve_connection(TokioIo::new(stream), answer)).await;
    }

    fn answer<B>(&self, request: &Request<B>) -> Answer {
        // It tells nothing of any process, and who probes a container has no token.
        let open = request.uri().path() == "/-/healthy";
        if !open && !self.admits(request.headers()) {
            let mut refused = page(StatusCode::UNAUTHORIZED, TEXT, "the token is missing or wrong\n".to_owned());
            refused.headers_mut().insert(WWW_AUTHENTICATE, hyper::header::HeaderValue::from_static("Bearer"));
            return refused;
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut refused = page(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n".to_owned());
            refused.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        let looked = self.looks.borrow().clone();
        match request.uri().path() {
            "/" => page(StatusCode::OK, TEXT, INDEX.to_owned()),
            "/metrics" => metrics(&looked, request.headers()),
            "/-/healthy" => healthy(&looked),
            "/api/v1/ps" => json(output::ps_json(&looked.scenes, &looked.jobs)),
            "/api/v1/report" => report(&looked, request.uri().query()),
            _ => page(StatusCode::NOT_FOUND, TEXT, format!("there is no such page\n\n{INDEX}")),
        }
    }

    /// Whether the token is right, or none is asked for. Takes as long for a wrong one as for the right one.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let Some(sent) = sent.filter(|sent| sent.len() == token.len()) else { return false };
        sent.iter().zip(token.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

fn page(status: StatusCode, kind: &'static str, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    answer
}

fn failed(error: &dyn std::fmt::Display) -> Answer {
    page(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n"))
}

fn json(text: serde_json::Result<String>) -> Answer {
    text.map_or_else(|error| failed(&error), |text| page(StatusCode::OK, JSON, text + "\n"))
}

fn metrics(looked: &Looked, headers: &HeaderMap) -> Answer {
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let open = accepts.into_iter().any(|value| value.contains("application/openmetrics-text"));
    match looked.open_metrics() {
        Ok(text) if open => page(StatusCode::OK, OPEN_METRICS, text),
        Ok(text) => page(StatusCode::OK, TEXT_FORMAT, output::text_format(&text)),
        Err(error) => failed(&error),
    }
}

fn healthy(looked: &Looked) -> Answer {
    let patience = looked.interval * MISSED_INTERVALS + MISSED;
    match looked.at.map(|at| at.elapsed()) {
        Some(age) if age <= patience => page(StatusCode::OK, TEXT, "ok\n".to_owned()),
        Some(age) => page(
            StatusCode::SERVICE_UNAVAILABLE,
            TEXT,
            format!("the newest look was taken {:.0} s ago\n", age.as_secs_f64()),
        ),
        None => page(StatusCode::SERVICE_UNAVAILABLE, TEXT, "no look was taken yet\n".to_owned()),
    }
}

/// The report on one process: the one that is asked for, or the only one.
fn report(looked: &Looked, query: Option<&str>) -> Answer {
    let asked = query.and_then(|query| query.split('&').find_map(|part| part.strip_prefix("pid=")));
    let found = match (asked, looked.scenes.as_slice()) {
        (Some(pid), scenes) => scenes.iter().find(|scene| scene.target.pid.to_string() == pid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    match (found, asked) {
        (Some(scene), _) => json(output::json(scene)),
        (None, Some(_)) => page(StatusCode::NOT_FOUND, TEXT, "no such process is watched; see /api/v1/ps\n".to_owned()),
        (None, None) => page(
            StatusCode::BAD_REQUEST,
            TEXT,
            format!("{} processes are watched: ask for one with ?pid=PID; see /api/v1/ps\n", looked.scenes.len()),
        ),
    }
}
