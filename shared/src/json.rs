//! Reading objects field by field.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::AlgorithmName;
use crate::action::NodeRequest;
use crate::algorithm::Status;
use crate::api::{ArchiveState, RunEnd};
use crate::event::{ElectionCause, EventKind, MessageInfo, MessageKind, NamedContender};
use crate::fault::{Injection, LinkFault};
use crate::id::{Attribute, Incarnation, MessageId, NodeId, NodeName, RunId, Seq, Term};
use crate::link::{LinkDirection, LinkEnd, LinkKind};
use crate::message::Contender;
use crate::ring::Member;
use crate::role::{NodeState, Role};
use crate::view::LossCause;

/// The default of a field that is left out when it is true.
pub(crate) const fn yes() -> bool {
    true
}

/// Whether such a field is left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) const fn is_yes(it: &bool) -> bool {
    *it
}

/// Reads a field that is true or left out.
pub(crate) fn only_yes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let it = bool::deserialize(deserializer)?;
    if it { Ok(it) } else { Err(serde::de::Error::custom("it is true or left out")) }
}

/// A field; one that is not there is `null`, which optional fields take.
pub(crate) fn take<T: DeserializeOwned>(fields: &mut Map<String, Value>, name: &str) -> Result<T, String> {
    serde_json::from_value(remove(fields, name)).map_err(|error| because(name, &error))
}

// Apart from `take`, which the compiler makes for each type anew.
#[inline(never)]
fn remove(fields: &mut Map<String, Value>, name: &str) -> Value {
    fields.remove(name).unwrap_or_default()
}

#[cold]
#[inline(never)]
fn because(name: &str, error: &serde_json::Error) -> String {
    format!("{name}: {error}")
}

/// A type that fields have. What stands for one that can't be read does not matter.
pub trait Part: DeserializeOwned {
    /// Any value.
    const ANY: Self;
}

macro_rules! parts {
    ($($type:ty = $any:expr,)*) => {
        $(impl Part for $type {
            const ANY: Self = $any;
        })*
    };
}

parts! {
    bool = false,
    u16 = 0,
    u32 = 0,
    u64 = 0,
    i32 = 0,
    String = String::new(),
    Term = Term::ZERO,
    Seq = Seq(0),
    Attribute = Attribute(0),
    Incarnation = Incarnation(0),
    RunId = RunId(Uuid::nil()),
    NodeId = NodeId(Uuid::nil()),
    NodeName = NodeName::FIRST,
    MessageId = MessageId { from: NodeName::FIRST, incarnation: Incarnation(0), number: 0 },
    Contender = Contender::new(Attribute(0), NodeId::ANY),
    NamedContender = NamedContender { name: NodeName::FIRST, attribute: Attribute(0) },
    Member = Member {
        id: NodeId::ANY,
        name: NodeName::FIRST,
        attribute: Attribute(0),
        eligible: true,
        incarnation: Incarnation(0),
        address: None,
    },
    MessageInfo = MessageInfo {
        id: MessageId::ANY,
        message: MessageKind::Election,
        term: Term::ZERO,
        initiator: None,
        candidate: None,
        deputy: None,
        hops: 0,
        algorithm: None,
        port: None,
        says: None,
    },
    MessageKind = MessageKind::Election,
    AlgorithmName = AlgorithmName::MaxRing,
    Status = Status::Asleep,
    Role = Role::Follower,
    NodeState = NodeState::Stopped,
    ElectionCause = ElectionCause::Election,
    LinkFault = LinkFault::CUT,
    Injection = Injection::Cut,
    LinkKind = LinkKind::Ring,
    LinkDirection = LinkDirection::Outgoing,
    LinkEnd = LinkEnd::NotNeeded,
    LossCause = LossCause::Hung,
    EventKind = EventKind::Paused,
    NodeRequest = NodeRequest::Initiate,
    RunEnd = RunEnd::Running,
    ArchiveState = ArchiveState::Off,
}

impl<T: DeserializeOwned> Part for Option<T> {
    const ANY: Self = None;
}

impl<T: DeserializeOwned> Part for Vec<T> {
    const ANY: Self = Self::new();
}

impl<T: DeserializeOwned> Part for VecDeque<T> {
    const ANY: Self = Self::new();
}

/// The fields of an object. The first one that can't be read makes the object a failure; to go on until the
/// end is much less code than to return at each of hundreds of fields.
pub(crate) struct Fields {
    rest: Map<String, Value>,
    failure: Option<String>,
}

impl Fields {
    /// The fields of this object.
    pub(crate) const fn of(object: Map<String, Value>) -> Self {
        Self { rest: object, failure: None }
    }

    /// Takes a field; one that is not there is `null`, which optional fields take.
    #[inline(never)]
    pub(crate) fn take<T: Part>(&mut self, name: &str) -> T {
        take(&mut self.rest, name).unwrap_or_else(|failure| self.fail(failure))
    }

    /// Takes a field that is true when it is left out.
    pub(crate) fn take_or_yes(&mut self, name: &str) -> bool {
        self.take::<Option<bool>>(name).unwrap_or(true)
    }

    /// Takes a field that may be left out.
    pub(crate) fn take_or_default<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        self.take::<Option<T>>(name).unwrap_or_default()
    }

    #[cold]
    pub(crate) fn fail<T: Part>(&mut self, failure: String) -> T {
        self.failure.get_or_insert(failure);
        T::ANY
    }

    /// Returns what was made of the fields, unless one could not be read.
    pub(crate) fn whole<T>(self, made: T) -> Result<T, String> {
        self.failure.map_or(Ok(made), Err)
    }
}

/// Reads a struct from an object with the same names, by way of a tree; fields that it does not know are
/// passed over.
///
/// `and settings` stands for the ring's settings, which are among the fields.
///
/// For what the page reads: what serde derives can read from arrays, too, and is several times as much code.
macro_rules! read_by_name {
    ($type:ident { $($field:ident),* $(,)? } $(or default { $($optional:ident),* $(,)? })? $(or true { $($yes:ident),* })? $(and $settings:ident)?) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut fields = $crate::json::Fields::of(serde_json::Map::deserialize(deserializer)?);
                let made = Self {
                    $($field: fields.take(stringify!($field)),)*
                    $($($optional: fields.take_or_default(stringify!($optional)),)*)?
                    $($($yes: fields.take_or_yes(stringify!($yes)),)*)?
                    $($settings: $crate::settings::RingSettings::take(&mut fields),)?
                };
                fields.whole(made).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use read_by_name;

/// Lists the fields of each kind in JSON: the reader and the names come from this one list, and the compiler
/// misses a kind that is not in it.
///
/// `and settings` stands for the ring's settings, which are among the fields.
///
/// Read by hand: what serde derives for an enum as large as that of events, with its tag among its fields, is
/// a fifth of the dashboard.
macro_rules! read_by_kind {
    ($type:ident: $($kind:literal => $variant:ident { $($field:ident),* } $(or default { $optional:ident })? $(and $settings:ident)?,)*) => {
        impl $type {
            /// Every `kind`.
            pub const NAMES: &[&str] = &[$($kind),*];

            /// The value of `kind` in JSON.
            #[must_use]
            pub const fn as_str(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $kind,)*
                }
            }

            /// Takes the fields that belong to the kind.
            fn take(fields: &mut $crate::json::Fields) -> Self {
                let kind: String = fields.take("kind");
                match kind.as_str() {
                    $($kind => Self::$variant {
                        $($field: fields.take(stringify!($field)),)*
                        $($optional: fields.take_or_default(stringify!($optional)),)?
                        $($settings: $crate::settings::RingSettings::take(fields),)?
                    },)*
                    other => fields.fail(format!("there is no kind {other:?} of {}", stringify!($type))),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut fields = $crate::json::Fields::of(serde_json::Map::deserialize(deserializer)?);
                let made = Self::take(&mut fields);
                fields.whole(made).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use read_by_kind;
