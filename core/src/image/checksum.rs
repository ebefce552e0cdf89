//! The checksum: the CRC-32 used by zip and Ethernet, of every word except its own.

use super::Image;
use super::header::CHECKSUM;
use crate::parameters::Parameters;

impl<const N: usize, const H: usize, const R: usize, const M: usize> Image<N, H, R, M> {
    /// The CRC-32 of all bytes except those of the checksum.
    pub(super) const fn checksum(&self) -> u32 {
        let mut crc = Crc::EMPTY;
        let mut word = 0;
        while word < CHECKSUM {
            crc = crc.take(self.header.0[word]);
            word += 1;
        }
        let mut tensor = 0;
        while tensor < Parameters::<f32, N, H, R, M>::TENSORS {
            let values = self.parameters.values(tensor);
            let mut value = 0;
            while value < values.len() {
                crc = crc.take(values[value].to_bits());
                value += 1;
            }
            tensor += 1;
        }
        !crc.0
    }
}

/// CRC-32 with the reflected polynomial 0xedb88320 (ISO 3309, IEEE 802.3).
#[derive(Clone, Copy)]
struct Crc(u32);

impl Crc {
    const EMPTY: Self = Crc(u32::MAX);

    /// The remainder of each byte.
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut remainder = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                remainder = (remainder >> 1) ^ (0xedb8_8320 * (remainder & 1));
                bit += 1;
            }
            table[byte] = remainder;
            byte += 1;
        }
        table
    };

    /// Processes a word's bytes, lowest first.
    const fn take(self, word: u32) -> Self {
        let [a, b, c, d] = word.to_le_bytes();
        self.byte(a).byte(b).byte(c).byte(d)
    }

    const fn byte(self, byte: u8) -> Self {
        static TABLE: [u32; 256] = Crc::TABLE;
        Crc((self.0 >> 8) ^ TABLE[((self.0 ^ byte as u32) & 255) as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of this CRC is that of the nine bytes `123456789`.
    #[test]
    fn checksum_is_the_one_of_zip() {
        let crc = b"123456789".iter().fold(Crc::EMPTY, |crc, byte| crc.byte(*byte));
        assert_eq!(!crc.0, 0xcbf4_3926);
    }
}
