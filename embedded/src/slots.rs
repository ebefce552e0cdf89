//! Two slots for models in flash: one is in use while an update is written to the other.
//!
//! A slot is an image and, behind it, a record of two words: the update's number and its complement. An update erases the
//! spare slot, programs the image, checks it where it lies, and only then writes the record, which is the switch. However it
//! is interrupted, and whatever arrives, the slot in use is untouched. At the start the newest slot is used whose record and
//! image are whole; if there is none, the model that the firmware was built with.
//!
//! Here the slots are memory that stands for flash: [`Slots::erase`] and [`Slots::program`] are what a driver does.

use meva_core::image::{Image, ImageError};

/// A model that can be updated.
pub type Model = Image<1, 64, 1, 16>;

/// Words of an image, and of its record.
const WORDS: usize = Model::WORDS;
const RECORD: usize = 2;

/// One of the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        }
    }
}

/// The slots' memory.
pub struct Slots {
    a: [u32; WORDS + RECORD],
    b: [u32; WORDS + RECORD],
}

impl Slots {
    /// Memory in which nothing was written.
    pub const EMPTY: Self = Slots {
        a: [0; WORDS + RECORD],
        b: [0; WORDS + RECORD],
    };

    const fn words(&self, slot: Slot) -> &[u32; WORDS + RECORD] {
        match slot {
            Slot::A => &self.a,
            Slot::B => &self.b,
        }
    }

    /// The image in a slot, in place; it may be anything.
    fn image(&self, slot: Slot) -> &Model {
        const { assert!(size_of::<Model>() == 4 * WORDS && align_of::<Model>() == align_of::<u32>()) };
        // SAFETY: the words are aligned for it and as many as it has, and any bits are a value of it.
        unsafe { &*self.words(slot).as_ptr().cast() }
    }

    /// The number of the update that a slot holds, if it was completed.
    fn number(&self, slot: Slot) -> Option<u32> {
        match self.words(slot) {
            [.., number, complement] if *number == !*complement => Some(*number),
            _ => None,
        }
    }

    /// Whether the image in a slot is whole and can be used.
    fn check(&self, slot: Slot) -> Result<(), ImageError> {
        let image = self.image(slot);
        image.check()?;
        if image.parameters.is_finite() {
            Ok(())
        } else {
            Err(ImageError::Contents)
        }
    }

    /// The slot to use: the newest that was completed and is whole.
    pub fn current(&self) -> Option<Slot> {
        let whole = |slot| Some((self.number(slot)?, slot)).filter(|_| self.check(slot).is_ok());
        match (whole(Slot::A), whole(Slot::B)) {
            (Some((a, _)), Some((b, _))) => Some(if a > b { Slot::A } else { Slot::B }),
            (one, other) => one.or(other).map(|(_, slot)| slot),
        }
    }

    /// The model to use: the current slot's, or else the one that the firmware was built with.
    pub fn model<'a>(&'a self, built_in: &'a Model) -> &'a Model {
        self.current().map_or(built_in, |slot| self.image(slot))
    }

    /// The slot that an update may overwrite.
    pub fn spare(&self) -> Slot {
        self.current().map_or(Slot::A, Slot::other)
    }

    /// Erases a slot, as flash does: to ones.
    pub fn erase(&mut self, slot: Slot) {
        self.program(slot, 0, core::iter::repeat(u32::MAX));
    }

    /// Writes words to a slot, as they arrive, from the word `offset` on; those past its end are dropped.
    pub fn program(&mut self, slot: Slot, offset: usize, words: impl Iterator<Item = u32>) {
        let place = match slot {
            Slot::A => &mut self.a,
            Slot::B => &mut self.b,
        };
        for (place, word) in place.iter_mut().skip(offset).zip(words) {
            *place = word;
        }
    }

    /// Makes a slot that was programmed the current one, if its image is whole.
    ///
    /// # Errors
    /// What is wrong with it; the slot in use remains so.
    pub fn switch_to(&mut self, slot: Slot) -> Result<(), ImageError> {
        self.check(slot)?;
        let number = self.number(slot.other()).unwrap_or(0).wrapping_add(1);
        self.program(slot, WORDS, [number, !number].into_iter());
        Ok(())
    }
}
