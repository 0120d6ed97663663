//! The options of `tftop serve`, and the words of their help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::commands::serve::publisher::PublishRequest;

/// Where metrics are served unless something else is asked for.
pub(crate) const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9912);

const HELP: &str = "\
Examples:
  tftop serve                                          http://127.0.0.1:9912/metrics
  tftop serve --listen 0.0.0.0:9912 --token-file FILE  also for other machines: only with `Authorization: Bearer TOKEN`
  tftop serve --listen 0.0.0.0:9912 --token-file FILE --tls-cert CERT --tls-key KEY     the same over HTTPS
  tftop serve --textfile /var/lib/node_exporter        for node_exporter's textfile collector, as tftop.prom
  tftop serve --json-lines | jq .host                  `tftop ps --json` at every look, one line each

It follows every TensorFlow, JAX and PyTorch process that this user may see, from its start to its end: /metrics (OpenMetrics, or \
the older text format for clients that don't ask for it), /api/v1/report?pid=2430 (tftop.report/1), /api/v1/ps (tftop.ps/1), and \
/-/healthy, which fails when looks don't come any more. Series are by process and origin, never by thread. It looks every 5 s \
unless --interval says otherwise. Without --tls-cert a token goes over the network for everybody to read.";

#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(crate) struct ServeArgs {
    /// Only this process, or those with this in their command line
    #[arg(value_name = "PID|NAME")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    publish: PublishArgs,
    /// Print one line of JSON at every look (schema tftop.ps/1)
    #[arg(long)]
    pub(crate) json_lines: bool,
}

impl ServeArgs {
    /// Where metrics go: over HTTP, unless only files or lines are written.
    pub(crate) fn publish(&self) -> PublishRequest {
        let request = self.publish.request();
        let elsewhere = request.textfile.is_some() || self.json_lines;
        PublishRequest { listen: request.listen.or((!elsewhere).then_some(DEFAULT_ADDRESS)), ..request }
    }
}

/// Where metrics go; `tftop run` has the same options.
#[derive(Clone, Debug, Args)]
pub(crate) struct PublishArgs {
    /// Address and port to serve metrics at over HTTP [`tftop serve`: 127.0.0.1:9912, unless only files or lines are written]
    #[arg(long, value_name = "ADDRESS", help_heading = "Metrics")]
    listen: Option<SocketAddr>,
    /// A file with the token that clients must send; needed to listen on anything but loopback
    #[arg(long, value_name = "FILE", help_heading = "Metrics")]
    token_file: Option<PathBuf>,
    /// Serve HTTPS with this certificate, a PEM file with its chain; a renewed one is used at once
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = "Metrics")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Metrics")]
    tls_key: Option<PathBuf>,
    /// Write a file for node_exporter into this directory at every look: tftop.prom, or that of a run while it lasts
    #[arg(long, value_name = "FOLDER", help_heading = "Metrics")]
    textfile: Option<PathBuf>,
}

impl PublishArgs {
    /// What they ask for.
    pub(crate) fn request(&self) -> PublishRequest {
        let Self { listen, token_file, tls_cert, tls_key, textfile } = self.clone();
        PublishRequest { listen, token_file, tls: tls_cert.zip(tls_key), textfile }
    }
}
