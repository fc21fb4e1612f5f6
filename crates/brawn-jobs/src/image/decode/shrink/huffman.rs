//! Huffman tables (ITU T.81, annex C and F.2.2) as look-up tables.
//!
//! Sizes were tried on photos of 8 to 12 MP (AMD EPYC with 48 KiB of L1, 2026-11-23): 12 to 14
//! bits for [`SKIP_BITS`] and 9 to 12 for [`AC_BITS`] are all within 4 %. A look-up of 13 bits
//! consumes 11.3 on average.

use super::bits::Bits;

/// Bits looked up at once for a DC difference.
const DC_BITS: u32 = 9;
/// Bits looked up at once for one AC symbol.
const AC_BITS: u32 = 10;
/// Bits looked up at once for as many AC symbols as they hold.
const SKIP_BITS: u32 = 13;

/// What an end-of-block adds to a zigzag index.
const END: u32 = 128;
/// What an entry adds to a zigzag index that knows nothing, because the code is too long.
const UNKNOWN: u32 = 512;

/// Entries of a map from zigzag index to place, enough for all that a symbol can lead to.
pub(super) const PLACES: usize = 256;

/// The table as a DHT segment gives it: codes in canonical order (annex C).
#[derive(Clone)]
pub(super) struct Codes {
    /// For each length the first 16-bit word above all codes of up to that length.
    limits: [u32; 17],
    /// What to add to a code of each length to get its index in `symbols`.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Codes {
    /// `counts` of codes of 1 to 16 bits, and their symbols.
    ///
    /// `None` if the codes of some length are too many, counting the one of all ones, which is
    /// reserved (C.2), or are not as many as the symbols.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let (mut code, mut index) = (0, 0);
        let mut codes = Self { limits: [0; 17], offsets: [0; 17], symbols: symbols.to_vec() };
        for (length, &count) in (1..).zip(counts) {
            codes.offsets[length] = index - code as i32;
            code += u32::from(count);
            index += i32::from(count);
            if count > 0 && code >= 1 << length {
                return None;
            }
            codes.limits[length] = code << (16 - length);
            code <<= 1;
        }
        (index as usize == symbols.len()).then_some(codes)
    }

    /// All symbols, by length of their codes.
    pub(super) fn symbols(&self) -> &[u8] {
        &self.symbols
    }

    /// The length and the symbol of the code that starts the 16-bit `word`.
    pub(super) fn find(&self, word: u32) -> Option<(u32, u8)> {
        let length = (1..=16).find(|&length| word < self.limits[length])?;
        let index = (word >> (16 - length)) as i32 + self.offsets[length];
        Some((length as u32, *self.symbols.get(index as usize)?))
    }

    /// The length and the symbol of the code that starts each word of `bits` bits; both are 0
    /// where it is longer, or there is none.
    pub(super) fn spread(&self, bits: u32) -> Vec<(u32, u8)> {
        let mut spread = vec![(0, 0); 1 << bits];
        let mut word = 0;
        while let Some((length, symbol)) = self.find(word << (16 - bits)) {
            if length > bits {
                break;
            }
            let end = word + (1 << (bits - length));
            spread[word as usize..end as usize].fill((length, symbol));
            word = end;
        }
        spread
    }
}

/// A table of DC differences.
pub(super) struct DcTable {
    /// Size, length of the code and their sum in 4, 6 and 6 bits; 0 if the code is longer.
    entries: Box<[u16; 1 << DC_BITS]>,
    codes: Codes,
}

impl DcTable {
    /// `None` if it has symbols that no 8-bit image needs (F.1.2.1.1 defines 0 to 11).
    pub(super) fn new(codes: &Codes) -> Option<Self> {
        if codes.symbols.iter().any(|&size| size > 11) {
            return None;
        }
        let mut entries = Box::new([0; 1 << DC_BITS]);
        for (entry, (length, size)) in entries.iter_mut().zip(codes.spread(DC_BITS)) {
            if length > 0 {
                let size = u32::from(size);
                *entry = (size << 12 | length << 6 | (length + size)) as u16;
            }
        }
        Some(Self { entries, codes: codes.clone() })
    }

    /// Reads one difference, of which 27 bits must be available. `None` if there is no such code.
    #[inline(always)]
    pub(super) fn difference(&self, bits: &mut Bits<'_>) -> Option<i32> {
        let entry = u32::from(self.entries[bits.peek(DC_BITS)]);
        if entry == 0 {
            let (after, difference) = self.long_difference(*bits)?;
            *bits = after;
            return Some(difference);
        }
        let difference = bits.extended(entry >> 6 & 63, entry >> 12);
        bits.consume(entry & 63);
        Some(i32::from(difference))
    }

    #[cold]
    #[inline(never)]
    fn long_difference<'a>(&self, mut bits: Bits<'a>) -> Option<(Bits<'a>, i32)> {
        let (length, size) = self.codes.find(bits.peek(16) as u32)?;
        let difference = bits.extended(length, u32::from(size));
        bits.consume(length + u32::from(size));
        Some((bits, i32::from(difference)))
    }
}

/// A table of AC coefficients of a sequential scan.
pub(super) struct AcTable {
    /// Run, size, length of the code and bits to consume in 16, 4, 6 and 6 bits.
    single: Box<[u32; 1 << AC_BITS]>,
    /// Zigzag advance and bits to consume in 10 and 6 bits, over all symbols whose codes fit.
    several: Box<[u16; 1 << SKIP_BITS]>,
    codes: Codes,
}

impl AcTable {
    /// Never fails: every symbol has a meaning in a sequential scan.
    pub(super) fn new(codes: &Codes) -> Self {
        let mut single = Box::new([UNKNOWN << 16; 1 << AC_BITS]);
        for (entry, (length, symbol)) in single.iter_mut().zip(codes.spread(AC_BITS)) {
            let (run, size) = parts(symbol);
            if length > 0 {
                *entry = run << 16 | size << 12 | length << 6 | (length + size);
            }
        }
        let spread = codes.spread(SKIP_BITS);
        let mut several = Box::new([(UNKNOWN << 6) as u16; 1 << SKIP_BITS]);
        for (first, entry) in several.iter_mut().enumerate() {
            let (mut word, mut bits, mut advance) = (first, 0, 0);
            // The extra bits of the last symbol may lie beyond the look-up: nobody reads them.
            while bits < SKIP_BITS && advance < END {
                let (length, symbol) = spread[word & ((1 << SKIP_BITS) - 1)];
                let (run, size) = parts(symbol);
                let total = if run == END { advance + END } else { advance + run + 1 };
                // No more than 63 coefficients can follow in a block.
                if length == 0 || bits + length > SKIP_BITS || total % END > 63 {
                    break;
                }
                bits += length + size;
                advance = total;
                word <<= length + size;
            }
            if bits > 0 {
                *entry = (advance << 6 | bits) as u16;
            }
        }
        Self { single, several, codes: codes.clone() }
    }

    /// Reads the AC coefficients of one block. Those up to zigzag index `last` are written to
    /// `out[places[index] % M]`, of all others only the length is looked at.
    ///
    /// `None` if there is no such code, or a run leads beyond the block.
    #[inline(always)]
    pub(super) fn block<const M: usize>(
        &self,
        bits: &mut Bits<'_>,
        last: u32,
        places: &[u8; PLACES],
        out: &mut [i16; M],
    ) -> Option<()> {
        let mut index = 1;
        while index <= last {
            // 16 bits of code and 15 extra bits
            bits.ensure(31);
            let entry = self.single[bits.peek(AC_BITS)];
            let mut value = bits.extended(entry >> 6 & 63, entry >> 12 & 15);
            if index + (entry >> 16) < UNKNOWN {
                index += entry >> 16;
                bits.consume(entry & 63);
            } else {
                let (after, run, long_value) = self.long_symbol(*bits)?;
                (*bits, value) = (after, long_value);
                index += run;
            }
            out[usize::from(places[index as usize % PLACES]) % M] = value;
            index += 1;
        }
        while index < 64 {
            bits.refill();
            // A look-up consumes 13 + 15 bits at most, so that 56 are enough for two.
            for _ in 0..2 {
                let entry = u32::from(self.several[bits.peek(SKIP_BITS)]);
                let next = index + (entry >> 6);
                if next < 64 {
                    bits.consume(entry & 63);
                    index = next;
                    continue;
                }
                if next == 64 || (END..END + 64).contains(&next) {
                    bits.consume(entry & 63);
                    return Some(());
                }
                // A long code, or symbols of two blocks: the first block ends without an
                // end-of-block, because it has a coefficient at index 63.
                bits.refill();
                let (after, run, _) = self.long_symbol(*bits)?;
                *bits = after;
                index += run + 1;
                break;
            }
        }
        (index == 64 || index > END).then_some(())
    }

    /// Reads a run, which is [`END`] for an end-of-block, and a value. 31 bits must be available.
    #[cold]
    #[inline(never)]
    fn long_symbol<'a>(&self, mut bits: Bits<'a>) -> Option<(Bits<'a>, u32, i16)> {
        let (length, symbol) = self.codes.find(bits.peek(16) as u32)?;
        let (run, size) = parts(symbol);
        let value = bits.extended(length, size);
        bits.consume(length + size);
        Some((bits, run, value))
    }
}

/// Run and size of an AC symbol. The run of an end-of-block is [`END`].
fn parts(symbol: u8) -> (u32, u32) {
    let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
    // F.2.2.2 knows 0x00 and 0xF0 only; libjpeg takes the others without a size as 0x00.
    (if size == 0 && run != 15 { END } else { run }, size)
}
