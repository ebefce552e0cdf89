//! Reads external JSON, with errors that say where something is wrong.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::format;
use std::rc::Rc;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use serde_json::Value;

/// What is wrong with a file, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The problem, with its place in the file.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Malformed {
    fn new(what: impl Into<String>) -> Self {
        Malformed {
            what: what.into(),
            hint: None,
        }
    }

    /// Adds advice.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Malformed {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Malformed {}

/// The result of reading.
pub type Result<T> = core::result::Result<T, Malformed>;

/// A value with its place in the file.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    value: &'a Value,
    place: String,
    /// The places of what has been asked for so far, in the whole file.
    asked: Rc<RefCell<BTreeSet<String>>>,
}

/// The contents of a file.
///
/// # Errors
/// They are not JSON.
pub fn parse(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|cause| {
        let error = Malformed::new(format!("this is not JSON: {cause}"));
        if text.contains("NaN") || text.contains("Infinity") {
            error.hint("JSON has no NaN and no Infinity; all numbers must be finite")
        } else {
            error
        }
    })
}

impl<'a> Item<'a> {
    /// The root value of a file.
    pub fn whole(value: &'a Value) -> Self {
        Item {
            value,
            place: String::new(),
            asked: Rc::default(),
        }
    }

    /// Follows a path of keys separated by dots.
    ///
    /// # Errors
    /// One of them is missing.
    pub fn path(&self, path: &str) -> Result<Item<'a>> {
        path.split('.').try_fold(self.clone(), |item, key| item.get(key))
    }

    fn wrong(&self, what: impl fmt::Display) -> Malformed {
        let place = if self.place.is_empty() {
            "the whole"
        } else {
            &self.place
        };
        Malformed::new(format!("`{place}`: {what}"))
    }

    fn expected(&self, what: &str) -> Malformed {
        let mut found = self.value.to_string();
        if found.chars().count() > 60 {
            found = found.chars().take(60).chain("..".chars()).collect();
        }
        self.wrong(format_args!("expected {what}, found {found}"))
    }

    /// The value under a key of an object, if present.
    pub fn find(&self, key: &str) -> Option<Item<'a>> {
        let value = self.value.get(key)?;
        let place = self.place_of(key);
        self.asked.borrow_mut().insert(place.clone());
        Some(Item {
            value,
            place,
            asked: self.asked.clone(),
        })
    }

    fn place_of(&self, key: &str) -> String {
        let separator = if self.place.is_empty() { "" } else { "." };
        format!("{}{separator}{key}", self.place)
    }

    /// The keys in this object that nobody has asked for, and those in its objects of which anything was asked for.
    ///
    /// ```
    /// use meva_operations::json::{Item, parse};
    /// let value = parse(r#"{"x": 1, "y": 2, "after": {"x": 3, "y": 4}, "before": {"x": 5}}"#)?;
    /// let whole = Item::whole(&value);
    /// whole.get("x")?;
    /// whole.path("after.y")?;
    /// assert_eq!(whole.ignored(), ["after.x", "before", "y"]);
    /// # Ok::<(), meva_operations::json::Malformed>(())
    /// ```
    pub fn ignored(&self) -> Vec<String> {
        let Value::Object(object) = self.value else {
            return Vec::new();
        };
        let mut ignored = Vec::new();
        for (key, value) in object {
            let place = self.place_of(key);
            if !self.asked.borrow().contains(&place) {
                ignored.push(key.clone());
                continue;
            }
            let inner = Item {
                value,
                place,
                asked: self.asked.clone(),
            };
            let inside = inner.ignored();
            // Where nothing inside was asked for by its name, the whole was taken.
            if value.as_object().is_some_and(|object| inside.len() < object.len()) {
                ignored.extend(inside.iter().map(|inside| format!("{key}.{inside}")));
            }
        }
        ignored
    }

    /// The value under a key of an object.
    ///
    /// # Errors
    /// The value is not an object, or lacks the key.
    pub fn get(&self, key: &str) -> Result<Item<'a>> {
        self.find(key).ok_or_else(|| match self.value {
            Value::Object(_) => self.wrong(format_args!("the key `{key}` is missing")),
            _ => self.expected(&format!("an object with the key `{key}`")),
        })
    }

    /// The keys of an object.
    ///
    /// # Errors
    /// The value is not an object.
    pub fn keys(&self) -> Result<Vec<&'a str>> {
        let object = self.value.as_object().ok_or_else(|| self.expected("an object"))?;
        Ok(object.keys().map(String::as_str).collect())
    }

    /// The elements of a list, which must not be empty.
    ///
    /// # Errors
    /// The value is not a list, or is empty.
    pub fn items(&self) -> Result<Vec<Item<'a>>> {
        let values = self.value.as_array().ok_or_else(|| self.expected("a list"))?;
        if values.is_empty() {
            return Err(self.wrong("the list is empty"));
        }
        let item = |(index, value)| Item {
            value,
            place: format!("{}[{index}]", self.place),
            asked: self.asked.clone(),
        };
        Ok(values.iter().enumerate().map(item).collect())
    }

    /// The numbers of nested lists, row-major.
    ///
    /// # Errors
    /// There is anything other than numbers and lists.
    pub fn numbers(&self) -> Result<Vec<f64>> {
        match self.value {
            Value::Number(number) => match number.as_f64().filter(|number| number.is_finite()) {
                Some(number) => Ok(vec![number]),
                None => Err(self.expected("a finite number")),
            },
            Value::Array(_) => {
                let mut numbers = Vec::new();
                for item in self.items()? {
                    numbers.extend(item.numbers()?);
                }
                Ok(numbers)
            }
            _ => Err(self.expected("a number")),
        }
    }

    /// `count` numbers, with any nesting.
    ///
    /// # Errors
    /// There are more or fewer, or there is anything other than numbers and lists.
    pub fn counted(&self, count: usize) -> Result<Vec<f64>> {
        let numbers = self.numbers()?;
        if numbers.len() == count {
            return Ok(numbers);
        }
        let s = if count == 1 { "" } else { "s" };
        Err(self.wrong(format_args!("expected {count} number{s}, found {}", numbers.len())))
    }

    /// As many numbers as specified, in rows of equal length if there are rows.
    ///
    /// # Errors
    /// There are more or fewer, or there is anything other than numbers and lists; the error names the row.
    pub fn shaped(&self, count: usize) -> Result<Vec<f64>> {
        let numbers = self.numbers()?;
        if numbers.len() == count {
            return Ok(numbers);
        }
        if let Ok(rows) = self.items()
            && rows.iter().all(|row| row.value.is_array())
            && count.is_multiple_of(rows.len())
        {
            for row in &rows {
                row.shaped(count / rows.len())?;
            }
        }
        self.counted(count)
    }

    /// One number.
    ///
    /// # Errors
    /// The value is not a number.
    pub fn number(&self) -> Result<f64> {
        Ok(self.counted(1)?[0])
    }

    /// An integer that is not negative.
    ///
    /// # Errors
    /// The value is not such an integer.
    pub fn count(&self) -> Result<usize> {
        let count = self.value.as_u64().ok_or_else(|| self.expected("a whole number"))?;
        usize::try_from(count).map_err(|_| self.expected("a smaller number"))
    }

    /// `A` numbers.
    ///
    /// # Errors
    /// There are more or fewer.
    pub fn row<const A: usize>(&self) -> Result<[f64; A]> {
        let numbers = self.counted(A)?;
        Ok(std::array::from_fn(|a| numbers[a]))
    }

    /// `B` rows of `A` numbers.
    ///
    /// # Errors
    /// There are more or fewer.
    pub fn rows<const A: usize, const B: usize>(&self) -> Result<[[f64; A]; B]> {
        let items = self.items()?;
        if items.len() != B {
            return Err(self.wrong(format_args!("expected {B} rows, found {}", items.len())));
        }
        let mut rows = [[0.0; A]; B];
        for (row, item) in rows.iter_mut().zip(items) {
            *row = item.row()?;
        }
        Ok(rows)
    }

    /// A string.
    ///
    /// # Errors
    /// The value is not a string.
    pub fn word(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.expected("a word"))
    }

    /// One of these words, converted to what it stands for.
    ///
    /// # Errors
    /// The value is none of them; the hint lists them.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T> {
        let word = self.word()?;
        let names = || choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        match choices.iter().find(|(name, _)| *name == word) {
            Some((_, choice)) => Ok(*choice),
            None => Err(self.expected(&format!("one of {}", names()))),
        }
    }

    /// An error about this value.
    pub fn error(&self, what: impl fmt::Display) -> Malformed {
        self.wrong(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_keep_their_last_bit() {
        let value: Value = serde_json::from_str("[[0.1, 1.7976931348623157e308], [-4.9e-324, 3]]").unwrap();
        let expected = [0.1, f64::MAX, -f64::from_bits(1), 3.0];
        assert_eq!(Item::whole(&value).numbers().unwrap(), expected);
    }

    #[test]
    fn errors_say_where() {
        let value = json!({ "points": [{ "x": [[1.0], [2.0]] }, { "x": [[1.0], ["b"]] }, { "x": [[1.0]] }] });
        let points = Item::whole(&value).get("points").unwrap().items().unwrap();
        assert_eq!(points[0].get("x").unwrap().rows().unwrap(), [[1.0], [2.0]]);
        for (error, words) in [
            (
                points[0].get("gamma").unwrap_err(),
                "`points[0]`: the key `gamma` is missing",
            ),
            (
                points[1].get("x").unwrap().rows::<1, 2>().unwrap_err(),
                "`points[1].x[1][0]`: expected a number, found \"b\"",
            ),
            (
                points[2].get("x").unwrap().rows::<1, 2>().unwrap_err(),
                "`points[2].x`: expected 2 rows, found 1",
            ),
            (
                points[0].get("x").unwrap().rows::<5, 2>().unwrap_err(),
                "`points[0].x[0]`: expected 5 numbers, found 1",
            ),
        ] {
            assert_eq!(error.to_string(), words);
        }
    }
}
