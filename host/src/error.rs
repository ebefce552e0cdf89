//! Errors on the host: what went wrong, where, and what to do about it.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use meva_core::choice::UnknownName;

use meva_core::game::GameError;
use meva_core::shape::{Shape, UnknownShape};

/// The result of anything that can fail on the host.
pub type Result<T> = std::result::Result<T, Error>;

/// An error as the reader needs it.
///
/// ```
/// use meva::error::Error;
/// let error = Error::usage("`alpha` is -1: it must be positive").at("run.toml").hint("preset `ipd` has alpha = 2");
/// assert_eq!(
///     error.to_string(),
///     "`alpha` is -1: it must be positive (run.toml)\n  hint: preset `ipd` has alpha = 2"
/// );
/// assert_eq!(error.exit_code(), 2);
/// ```
///
/// Two errors are equal if they read the same and are of the same kind, whatever caused them.
#[derive(Clone, Debug)]
pub struct Error {
    kind: Kind,
    what: String,
    place: Option<String>,
    hint: Option<String>,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The command or the configuration asks for something impossible.
    Usage,
    /// A file or a directory is missing, damaged or in the way.
    Files,
    /// Training produced numbers that are not finite.
    Diverged,
    /// There is no GPU, or it failed.
    Gpu,
    /// Anything else.
    Other,
}

impl Error {
    /// The command or the configuration asks for something impossible.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what)
    }

    /// A file or a directory is missing, damaged or in the way.
    pub fn files(what: impl Into<String>) -> Self {
        Self::new(Kind::Files, what)
    }

    /// Training produced numbers that are not finite.
    pub fn diverged(what: impl Into<String>) -> Self {
        Self::new(Kind::Diverged, what)
    }

    /// There is no GPU, or it failed.
    pub fn gpu(what: impl Into<String>) -> Self {
        Self::new(Kind::Gpu, what)
    }

    /// Anything else.
    pub fn other(what: impl Into<String>) -> Self {
        Self::new(Kind::Other, what)
    }

    /// The operating system refused to `act` ("read", "create", ..) on `path`.
    ///
    /// ```
    /// use std::error::Error as _;
    /// # use meva::error::Error;
    /// let path = std::path::Path::new("no/such/file");
    /// let error = std::fs::read(path).map_err(|cause| Error::io("read", path, cause)).unwrap_err();
    /// assert!(error.to_string().starts_with("cannot read `no/such/file`: "));
    /// assert_eq!(error.exit_code(), 3);
    /// assert!(error.source().unwrap().is::<std::io::Error>());
    /// ```
    pub fn io(act: &str, path: &Path, cause: io::Error) -> Self {
        let error = Self::files(format!("cannot {act} `{}`: {cause}", path.display()));
        let error = match cause.kind() {
            io::ErrorKind::NotFound => error.hint("check the spelling of the path"),
            io::ErrorKind::PermissionDenied => error.hint("change the permissions or choose another place"),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => error.hint("free some space and try again"),
            _ => error,
        };
        error.because(cause)
    }

    fn new(kind: Kind, what: impl Into<String>) -> Self {
        Error {
            kind,
            what: what.into(),
            place: None,
            hint: None,
            cause: None,
        }
    }

    /// Says where it happened; an earlier place is taken to be inside this one.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.place = Some(match self.place {
            Some(inner) => format!("{place}, {inner}"),
            None => place.to_string(),
        });
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Keeps the error of another library that led to this one, as its [`source`](StdError::source). The message should
    /// already say what matters about it.
    #[must_use]
    pub fn because(mut self, cause: impl StdError + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// Who has to act.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What a program can read: `{"error": {"kind", "what", "place", "hint", "exit_code"}}`; `kind` is `usage`, `files`,
    /// `diverged`, `gpu` or `other`, and `place` and `hint` may be null.
    ///
    /// ```
    /// use meva::error::Error;
    /// let error = Error::usage("`alpha` is -1").at("run.toml").json();
    /// assert_eq!(error["error"]["kind"], "usage");
    /// assert_eq!(error["error"]["place"], "run.toml");
    /// assert_eq!(error["error"]["exit_code"], 2);
    /// ```
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "error": {
            "kind": self.kind.name(),
            "what": self.what,
            "place": self.place,
            "hint": self.hint,
            "exit_code": self.exit_code(),
        }})
    }

    /// The error that [`Error::json`] told of.
    ///
    /// ```
    /// use meva::error::Error;
    /// let error = Error::files("cannot write `a`").at("rank 1").hint("free some space");
    /// assert_eq!(Error::of_json(&error.json()), error);
    /// ```
    pub fn of_json(value: &serde_json::Value) -> Self {
        let value = &value["error"];
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let kind = match value["kind"].as_str() {
            Some("usage") => Kind::Usage,
            Some("files") => Kind::Files,
            Some("diverged") => Kind::Diverged,
            Some("gpu") => Kind::Gpu,
            _ => Kind::Other,
        };
        Error {
            place: text("place"),
            hint: text("hint"),
            ..Self::new(
                kind,
                text("what").unwrap_or_else(|| "an error that does not say what it is".to_owned()),
            )
        }
    }

    /// The process's exit code: 2 for usage, 3 for files, 4 for a training that diverged, 5 for a GPU, 1 for anything else.
    pub fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }
}

impl Kind {
    /// Every kind, in the order of exit codes.
    pub const ALL: [Kind; 5] = [Kind::Other, Kind::Usage, Kind::Files, Kind::Diverged, Kind::Gpu];

    /// Its name for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Other => "other",
            Kind::Usage => "usage",
            Kind::Files => "files",
            Kind::Diverged => "diverged",
            Kind::Gpu => "gpu",
        }
    }

    /// The exit code of a process that ends with it.
    pub const fn exit_code(self) -> u8 {
        match self {
            Kind::Other => 1,
            Kind::Usage => 2,
            Kind::Files => 3,
            Kind::Diverged => 4,
            Kind::Gpu => 5,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(place) = &self.place {
            write!(f, " ({place})")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let cause = self.cause.as_deref()?;
        Some(cause)
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        let Error {
            kind,
            what,
            place,
            hint,
            cause: _,
        } = self;
        (kind, what, place, hint) == (&other.kind, &other.what, &other.place, &other.hint)
    }
}

impl Eq for Error {}

/// An unknown name is a usage error.
impl From<UnknownName> for Error {
    fn from(unknown: UnknownName) -> Self {
        Error::usage(format!("unknown {}", unknown.kind))
            .hint(format!("choose from {}", unknown.names.join(", ")))
            .because(unknown)
    }
}

impl From<GameError> for Error {
    fn from(error: GameError) -> Self {
        Error::usage(error.to_string())
    }
}

impl From<UnknownShape> for Error {
    fn from(error: UnknownShape) -> Self {
        let of_this_game = error
            .compiled
            .iter()
            .filter(|shape| shape.parameters == error.shape.parameters);
        let list: Vec<_> = of_this_game.map(Shape::to_string).collect();
        Error::usage(error.to_string()).hint(format!("use {}", list.join("; or ")))
    }
}

/// Whether a failure's message contains all of these words.
#[cfg(test)]
#[track_caller]
pub(crate) fn assert_says<T: fmt::Debug>(result: Result<T>, words: &[&str]) {
    let text = result.unwrap_err().to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in: {text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_nest_from_the_outside_in() {
        let error = Error::files("broken").at("line 3").at("run.toml");
        assert_eq!(error.to_string(), "broken (run.toml, line 3)");
    }

    #[test]
    fn exit_codes_tell_the_kinds_apart() {
        let errors = [
            Error::other(""),
            Error::usage(""),
            Error::files(""),
            Error::diverged(""),
            Error::gpu(""),
        ];
        assert_eq!(errors.map(|error| error.exit_code()), [1, 2, 3, 4, 5]);
        for kind in Kind::ALL {
            assert_eq!(Error::of_json(&Error::new(kind, "").json()).kind(), kind);
        }
    }

    #[test]
    fn a_full_disk_has_a_hint() {
        let cause = io::Error::from(io::ErrorKind::StorageFull);
        let error = Error::io("write", Path::new("runs/a/model.safetensors"), cause);
        let text = error.to_string();
        assert!(text.starts_with("cannot write `runs/a/model.safetensors`: "), "{text}");
        assert!(text.ends_with("\n  hint: free some space and try again"), "{text}");
    }

    #[test]
    fn a_cause_is_kept_and_no_part_of_what_is_said() {
        let unknown: Error = "sse".parse::<crate::cpu::InstructionSet>().unwrap_err().into();
        let source = unknown.source().unwrap();
        assert_eq!(source.downcast_ref::<UnknownName>().unwrap().kind, "instruction set");
        let said = Error::usage("unknown instruction set").hint("choose from baseline, neon, avx2, avx512");
        assert!(said.source().is_none());
        assert_eq!(unknown, said);
        assert_ne!(unknown, said.at("here"));
    }
}
