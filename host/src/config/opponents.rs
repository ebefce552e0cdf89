//! The opponents that a learner meets in training, as words.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Players, each with its share of the trajectories: as `meva league` names players, or `self`.
///
/// ```
/// use meva::config::Opponents;
/// let pool: Opponents = "self 0.5, naive 0.25, policy:1,0,1,0,1 0.25".parse()?;
/// assert_eq!(pool.each()[2], ("policy:1,0,1,0,1".to_owned(), 0.25));
/// assert!(pool.to_string().parse() == Ok(pool));
/// // A share that is left out is 1.
/// assert_eq!("naive".parse::<Opponents>()?.each(), [("naive".to_owned(), 1.0)]);
/// # Ok::<(), meva::error::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Opponents(Vec<(String, f64)>);

impl Opponents {
    /// The word for learners that meet themselves.
    pub const SELF: &str = "self";

    /// Everybody meets themselves.
    pub fn itself() -> Self {
        Opponents(vec![(Self::SELF.to_owned(), 1.0)])
    }

    /// Whether everybody meets themselves.
    pub fn are_self(&self) -> bool {
        self.0.iter().all(|(player, _)| player == Self::SELF)
    }

    /// The players with their shares, which need not add up to 1.
    pub fn each(&self) -> &[(String, f64)] {
        &self.0
    }

    /// The shares alone.
    pub fn shares(&self) -> Vec<f64> {
        self.0.iter().map(|(_, share)| *share).collect()
    }
}

/// Players are separated by a comma with a space after it: those inside a player's words have none.
impl FromStr for Opponents {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let one = |words: &str| -> Result<(String, f64), Error> {
            let words = words.trim();
            let hint = "name players, each with its share, as in \"self 0.5, naive 0.25, tit-for-tat 0.25\"";
            let (player, share) = match words.rsplit_once(char::is_whitespace) {
                None => (words, Ok(1.0)),
                Some((player, share)) => (player.trim(), share.parse()),
            };
            // Names have no commas; what follows a colon may.
            let name = player.split(':').next().unwrap_or(player);
            match share {
                _ if name.contains(',') => {
                    Err(Error::usage(format!("`{player}` is several players without a space between them")).hint(hint))
                }
                _ if player.is_empty() => Err(Error::usage("a player is missing").hint(hint)),
                Ok(share) => Ok((player.to_owned(), share)),
                Err(_) => Err(Error::usage(format!("`{words}` does not end in a share")).hint(hint)),
            }
        };
        text.trim()
            .split(", ")
            .map(one)
            .collect::<Result<_, _>>()
            .map(Opponents)
    }
}

impl fmt::Display for Opponents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [(player, share)] = &self.0[..]
            && *share == 1.0
        {
            return f.write_str(player);
        }
        for (k, (player, share)) in self.0.iter().enumerate() {
            let comma = if k == 0 { "" } else { ", " };
            write!(f, "{comma}{player} {share:?}")?;
        }
        Ok(())
    }
}
