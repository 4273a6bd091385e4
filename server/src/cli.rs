//! The command line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::http::uri::Authority;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use ringleader_shared::api::MAX_HOP_DELAY_MS;
use ringleader_shared::{
    AlgorithmName, Attribute, ChangeRing, Incarnation, NodeId, NodeName, Safety, Succession,
};
use uuid::Uuid;

use crate::archive::command::HistoryOptions;
use crate::archive::{ArchiveOptions, Limits};
use crate::replay::ReplayOptions;
use crate::simulate::SimulateOptions;

const EXAMPLES: &str = "\
Examples:
  ringleader                                  four nodes A–D, http://127.0.0.1:8005
  ringleader --nodes 7 --hop-delay 1s         seven nodes in slow motion
  ringleader --attributes 90,100,110,120      the same ring as the first, spelt out
  ringleader --ring ring.toml --port 9000     a ring of your own, see below
  RINGLEADER_HOP_DELAY=0ms ringleader         every flag can come from the environment

A ring file lists the members in ring order; all else in it is optional:
  safety = \"quorum\"                              # as --safety
  succession = \"election\"                        # as --succession
  algorithm = \"chang-roberts\"                    # as --algorithm
  [start]
  initiators = [\"amber\"]                         # an election as soon as all nodes are ready
  [[node]]
  name = \"amber\"
  attribute = 90
  eligible = false                               # as --ineligible; else it may lead
  id = \"6ba7b810-9dad-41d1-80b4-00c04fd430c8\"    # the higher wins a tie; else made from the name

Stop it with Ctrl-C: nothing is left running.";

/// A laboratory for ring leader election: real processes elect a leader, you break them and watch.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// The command; `serve` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of `serve`, which work without the command's name.
    #[command(flatten)]
    pub serve: ServeOptions,
}

/// The commands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a ring and its dashboard (the default)
    #[command(after_help = EXAMPLES)]
    Serve(Box<ServeOptions>),
    /// Run elections of any size in virtual time and compare them with the theory
    #[command(after_help = crate::simulate::options::EXAMPLES)]
    Simulate(Box<SimulateOptions>),
    /// Show what --record wrote, and whether the election core does the same again
    #[command(after_help = crate::replay::EXAMPLES)]
    Replay(ReplayOptions),
    /// List, show, export, import and delete the runs that the server has kept
    #[command(after_help = crate::archive::command::EXAMPLES)]
    History(HistoryOptions),
    /// Be one node of a ring: started by `serve`, not by hand
    #[command(hide = true)]
    Node(NodeOptions),
}

/// Flags of `ringleader serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// The number of nodes, with attributes 90, 100, 110, … [default: 4]
    #[arg(long, env = "RINGLEADER_NODES", value_name = "N", conflicts_with_all = ["ring", "attributes"])]
    pub nodes: Option<usize>,
    /// The nodes' attributes in ring order; they are named A, B, C, …
    #[arg(
        long,
        env = "RINGLEADER_ATTRIBUTES",
        value_name = "N,N,…",
        value_delimiter = ',',
        value_parser = attribute,
        conflicts_with = "ring"
    )]
    pub attributes: Option<Vec<Attribute>>,
    /// The nodes that may never lead nor be deputy; they take part in elections and vote
    #[arg(long, env = "RINGLEADER_INELIGIBLE", value_name = "NAME,NAME,…", value_delimiter = ',')]
    pub ineligible: Vec<NodeName>,
    /// A file with the nodes' names and attributes in ring order
    #[arg(long, env = "RINGLEADER_RING", value_name = "FILE")]
    pub ring: Option<PathBuf>,
    /// The port of the dashboard and the API; 0 takes any free one
    #[arg(long, env = "RINGLEADER_PORT", default_value_t = 8005)]
    pub port: u16,
    /// The address to serve on: one of this machine's own, 0.0.0.0 for all. Beyond 127.0.0.1 a token is
    /// required, which is printed, or taken from RINGLEADER_OPERATOR_TOKEN and RINGLEADER_VIEWER_TOKEN
    #[arg(long, env = "RINGLEADER_BIND", value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = address)]
    pub bind: IpAddr,
    /// Ask for a token on 127.0.0.1 as well: for a server behind a proxy, which forwards requests of
    /// other people
    #[arg(long, env = "RINGLEADER_ASK_TOKEN")]
    pub ask_token: bool,
    /// A name under which people reach the server, as host or host:port, besides its own addresses; may
    /// be given again
    #[arg(long, env = "RINGLEADER_ALLOW_HOST", value_name = "HOST", value_delimiter = ',', value_parser = host)]
    pub allow_host: Vec<Authority>,
    /// The pace: the time that a message takes per hop, so that people can follow; 0ms is full speed
    #[arg(long, env = "RINGLEADER_HOP_DELAY", value_name = "TIME", default_value = "400ms", value_parser = hop_delay)]
    pub hop_delay: Duration,
    /// The interval between pings of a link
    #[arg(long, env = "RINGLEADER_HEARTBEAT", value_name = "TIME", default_value = "50ms", value_parser = heartbeat)]
    pub heartbeat: Duration,
    /// The longest silence of a link at full speed before its peer counts as hung; two hop delays are added
    /// [default: three heartbeats]
    #[arg(long, env = "RINGLEADER_HUNG_AFTER", value_name = "TIME", value_parser = heartbeat)]
    pub hung_after: Option<Duration>,
    /// The first node's port, the next one has the next; one that is taken is replaced by a free one; 0
    /// takes free ones
    #[arg(long, env = "RINGLEADER_NODE_PORT", value_name = "PORT", default_value_t = 8000)]
    pub node_port: u16,
    /// Whether a leader needs a majority of all members [default: available, or what the ring file says]
    #[arg(long, env = "RINGLEADER_SAFETY", value_name = "MODE", value_parser = word_of::<Safety>(Safety::ALL.map(Safety::key)))]
    pub safety: Option<Safety>,
    /// The reaction to the loss of the leader: deputy (it takes over at once) or election (nobody is deputy;
    /// whoever notices starts an election) [default: deputy, or what the ring file says]
    #[arg(long, env = "RINGLEADER_SUCCESSION", value_name = "MODE", value_parser = word_of::<Succession>(Succession::ALL.map(Succession::key)))]
    pub succession: Option<Succession>,
    /// The algorithm that elects [default: max-ring, or what the ring file says]
    #[arg(long, env = "RINGLEADER_ALGORITHM", value_name = "NAME", value_parser = word_of::<AlgorithmName>(AlgorithmName::ALL.map(AlgorithmName::key)))]
    pub algorithm: Option<AlgorithmName>,
    /// Start a node again when its process dies, after a growing pause; after five deaths in a minute it
    /// stays stopped
    #[arg(long, env = "RINGLEADER_RESTART")]
    pub restart: bool,
    /// The directory for terms, ids and promises: with it terms go on growing when the server is started
    /// again, so that none comes twice. One server at a time [default: a fresh directory, removed when the
    /// server stops]
    #[arg(long, env = "RINGLEADER_STATE_DIR", value_name = "DIRECTORY")]
    pub state_dir: Option<PathBuf>,
    /// Record the inputs and effects of each node's election core, one file for each start of a node, for
    /// `ringleader replay`
    #[arg(long, env = "RINGLEADER_RECORD", value_name = "DIRECTORY")]
    pub record: Option<PathBuf>,
    /// The directory in which every run is kept, for the list of past runs and `ringleader history`. Several
    /// servers may share it [default: $XDG_DATA_HOME/ringleader or ~/.local/share/ringleader]
    #[arg(long, env = "RINGLEADER_DATA_DIR", value_name = "DIRECTORY")]
    pub data_dir: Option<PathBuf>,
    /// Keep no runs
    #[arg(long, env = "RINGLEADER_NO_HISTORY")]
    pub no_history: bool,
    /// The size of all kept runs above which the oldest are removed, pinned ones excepted
    #[arg(long, env = "RINGLEADER_HISTORY_SIZE", value_name = "SIZE", default_value = "512MB", value_parser = size)]
    pub history_size: u64,
    /// The age above which kept runs are removed, pinned ones excepted
    #[arg(long, env = "RINGLEADER_HISTORY_AGE", value_name = "TIME", default_value = "30d", value_parser = age)]
    pub history_age: Duration,
    /// The log level: error, warn, info, debug, trace, or a filter such as `ringleader=debug`
    #[arg(long, env = "RINGLEADER_LOG", value_name = "FILTER", default_value = "warn")]
    pub log: String,
    /// The format of the log
    #[arg(long, env = "RINGLEADER_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value = "human")]
    pub log_format: LogFormat,
}

impl ServeOptions {
    /// The directory and the limits of the archive.
    #[must_use]
    pub fn archive(&self) -> ArchiveOptions {
        ArchiveOptions {
            directory: self.data_dir.clone(),
            limits: Limits { most_bytes: self.history_size, most_age: self.history_age },
            is_off: self.no_history,
        }
    }

    /// The settings of the ring for which flags were given.
    #[must_use]
    pub fn settings(&self) -> ChangeRing {
        ChangeRing {
            hop_delay_ms: Some(u64::try_from(self.hop_delay.as_millis()).unwrap_or(MAX_HOP_DELAY_MS)),
            safety: self.safety,
            succession: self.succession,
            algorithm: self.algorithm,
        }
    }
}

/// Parses one of these words as the mode that it names; `--help` lists them.
pub(crate) fn word_of<T>(words: impl Into<PossibleValuesParser>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    words.into().try_map(|word: String| word.parse::<T>())
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

/// Flags of `ringleader node`.
#[derive(Debug, Args)]
pub struct NodeOptions {
    #[arg(long)]
    name: NodeName,
    #[arg(long)]
    id: Uuid,
    #[arg(long)]
    incarnation: u32,
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    promises: PathBuf,
    #[arg(long)]
    record: Option<PathBuf>,
}

impl From<NodeOptions> for ringleader_node::Options {
    fn from(options: NodeOptions) -> Self {
        Self {
            name: options.name,
            id: NodeId(options.id),
            incarnation: Incarnation(options.incarnation),
            listen: options.listen,
            promises: options.promises,
            record: options.record,
        }
    }
}

/// The default attributes of `n` nodes: 90, 100, 110, …
pub fn default_attributes(n: usize) -> impl Iterator<Item = Attribute> {
    (0..n).map(|place| Attribute(90 + 10 * place as u64))
}

fn host(text: &str) -> Result<Authority, String> {
    let authority: Authority = text.parse().map_err(|_| "write it like ring.example or ring.example:8443")?;
    if text.contains('@') || authority.port().is_none() && text.len() != authority.host().len() {
        return Err("write it like ring.example or ring.example:8443".to_owned());
    }
    Ok(authority)
}

fn attribute(text: &str) -> Result<Attribute, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("an attribute is missing beside a comma; write them like 5,3,1".to_owned());
    }
    let number = text.parse().ok().map(Attribute).filter(|attribute| *attribute <= Attribute::MAX);
    number.ok_or_else(|| {
        format!("{text:?} is no whole number from 0 to {}; write them like 5,3,1", Attribute::MAX)
    })
}

fn address(text: &str) -> Result<IpAddr, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse() {
        return Ok(address);
    }
    Err(match text.parse::<SocketAddr>() {
        Ok(both) => format!("give the port apart: --bind {} --port {}", both.ip(), both.port()),
        Err(_) => "write an address of this machine, such as 192.0.2.7, 127.0.0.1 or ::1, 0.0.0.0 for all, or localhost".to_owned(),
    })
}

/// Parses a time in whole milliseconds, the nodes' unit.
fn time(text: &str) -> Result<Duration, String> {
    let time =
        humantime::parse_duration(text).map_err(|error| format!("{error}; write it like 400ms or 1s"))?;
    if time.subsec_nanos() % 1_000_000 != 0 {
        return Err("times are whole milliseconds; write it like 400ms or 1s".to_owned());
    }
    Ok(time)
}

fn hop_delay(text: &str) -> Result<Duration, String> {
    let max = Duration::from_millis(MAX_HOP_DELAY_MS);
    match time(text)? {
        delay if delay > max => Err(format!("at most {}", humantime::format_duration(max))),
        delay => Ok(delay),
    }
}

fn heartbeat(text: &str) -> Result<Duration, String> {
    match time(text)? {
        beat if beat < Duration::from_millis(5) => Err("at least 5ms".to_owned()),
        beat if beat > Duration::from_secs(60) => Err("at most 1min".to_owned()),
        beat => Ok(beat),
    }
}

/// Parses a size in bytes, such as 512MB.
fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end();
    let unit = match text.get(number.len()..).unwrap_or_default().trim().to_ascii_uppercase().as_str() {
        "KB" => Some(1_000),
        "MB" => Some(1_000_000),
        "GB" => Some(1_000_000_000),
        _ => None,
    };
    let bytes = number.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    match bytes {
        None => Err("write it like 512MB or 2GB".to_owned()),
        Some(bytes) if bytes < 1_000_000 => Err("at least 1MB".to_owned()),
        Some(bytes) => Ok(bytes),
    }
}

/// Parses an age, such as 30d.
fn age(text: &str) -> Result<Duration, String> {
    let age =
        humantime::parse_duration(text).map_err(|error| format!("{error}; write it like 30d or 12h"))?;
    if age < Duration::from_secs(60) { Err("at least 1min".to_owned()) } else { Ok(age) }
}
