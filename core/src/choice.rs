//! Choices by name: what the variants of an enum are called in configurations, command lines, images and other languages.

use core::fmt;

/// A word that is not in a list of names: the error of every choice's [`FromStr`](core::str::FromStr).
///
/// ```
/// use meva_core::learner::LearnerName;
/// let error = "lolla".parse::<LearnerName>().unwrap_err();
/// assert_eq!((error.kind, error.names[1]), ("learner", "lookahead"));
/// assert!(error.to_string().starts_with("unknown learner: choose from naive, lookahead, lola"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownName {
    /// The kind of thing that should have been named: a learner, a game.
    pub kind: &'static str,
    /// The valid names.
    pub names: &'static [&'static str],
}

impl UnknownName {
    /// The error for a word that is not one of `names`.
    pub const fn new(kind: &'static str, names: &'static [&'static str]) -> Self {
        UnknownName { kind, names }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {}", self.kind)?;
        for (index, name) in self.names.iter().enumerate() {
            f.write_str(if index == 0 { ": choose from " } else { ", " })?;
            f.write_str(name)?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownName {}

/// Gives an enum its names: `ALL`, `NAMES`, `name`, `Display` and `FromStr`; and, with a code after each variant,
/// `code` and `from_code` for images and C. Each name and each code is written only once, in the call of this macro.
/// The word after the type says, for messages, what kind of thing is named.
///
/// ```
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// enum Weather { Fair, Foul }
///
/// meva_core::choice! { Weather, "weather":
///     Fair = "fair",
///     Foul = "foul",
/// }
///
/// assert_eq!("foul".parse(), Ok(Weather::Foul));
/// assert_eq!(Weather::Fair.to_string(), "fair");
/// assert_eq!("grey".parse::<Weather>().unwrap_err().to_string(), "unknown weather: choose from fair, foul");
/// ```
#[macro_export]
macro_rules! choice {
    ($type:ident, $kind:literal: $($variant:ident = $name:literal),+ $(,)?) => {
        impl $type {
            /// All of them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];
            /// All of their names, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The name in configurations and on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }

        impl core::str::FromStr for $type {
            type Err = $crate::choice::UnknownName;

            fn from_str(name: &str) -> core::result::Result<Self, Self::Err> {
                Self::ALL
                    .into_iter()
                    .find(|choice| choice.name() == name)
                    .ok_or(Self::Err::new($kind, Self::NAMES))
            }
        }
    };
    ($type:ident, $kind:literal: $($variant:ident = $name:literal ($code:literal)),+ $(,)?) => {
        $crate::choice!($type, $kind: $($variant = $name),+);

        impl $type {
            /// The number that identifies it in images and in C.
            pub const fn code(self) -> u32 {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The choice with a code; the first in [`Self::ALL`] if several share it.
            pub const fn from_code(code: u32) -> Option<Self> {
                let mut index = 0;
                while index < Self::ALL.len() {
                    if Self::ALL[index].code() == code {
                        return Some(Self::ALL[index]);
                    }
                    index += 1;
                }
                None
            }
        }
    };
}
pub(crate) use choice;

#[cfg(test)]
mod tests {
    use crate::activation::Activation;
    use crate::algorithm1::{Bootstrap, Exploration};
    use crate::game::GameName;
    use crate::learner::LearnerName;
    use crate::learner::meta_value::Field;
    use crate::meta_value::Input;

    macro_rules! names_come_back {
        ($($type:ident),+) => {
            $(for choice in $type::ALL {
                assert_eq!(choice.name().parse(), Ok(choice));
                assert_eq!("naught".parse::<$type>().map_err(|error| error.names), Err($type::NAMES));
            })+
        };
    }

    #[test]
    fn names_come_back() {
        names_come_back!(Activation, Bootstrap, Exploration, Field, GameName, Input, LearnerName);
    }

    macro_rules! codes_come_back {
        ($($type:ident),+) => {
            $(for choice in $type::ALL {
                assert_eq!($type::from_code(choice.code()).map($type::code), Some(choice.code()));
                assert_eq!($type::from_code(u32::MAX), None);
            })+
        };
    }

    #[test]
    fn codes_come_back() {
        codes_come_back!(Activation, Field, Input, LearnerName);
    }
}
