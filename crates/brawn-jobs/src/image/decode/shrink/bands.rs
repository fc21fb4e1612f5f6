//! Blocks of AC scans of progressive frames (ITU T.81, G.1.2).

use super::bits::Bits;
use super::huffman::Codes;

/// Bits looked up at once for one symbol.
const SINGLE_BITS: u32 = 10;
/// Bits looked up at once for as many symbols as they hold.
const SEVERAL_BITS: u32 = 12;
/// How many coefficients an entry for several symbols can go over.
const PATTERN: u32 = 48;

/// What an end-of-band adds to a zigzag index.
const END: u32 = 128;
/// What an entry adds to a zigzag index that knows nothing, because the code is too long.
const UNKNOWN: u32 = 512;

/// A table of AC coefficients of a progressive scan.
pub(super) struct BandTable {
    /// Run, length of the code and number of extra bits in 16, 10 and 6 bits.
    single: Box<[u32; 1 << SINGLE_BITS]>,
    /// Over all symbols whose codes fit: which coefficients from here on are not zero, how far
    /// the zigzag index advances and bits to consume, in 48, 10 and 6 bits.
    several: Box<[u64; 1 << SEVERAL_BITS]>,
    codes: Codes,
}

/// Which coefficients a scan brings, and what is wanted of them.
pub(super) struct Band<'a> {
    /// First and last zigzag index: Ss, Se, with 1 <= Ss <= Se <= 63.
    pub(super) first: u32,
    pub(super) last: u32,
    /// The lowest bit that the scan brings: Al.
    pub(super) low: u32,
    /// The highest zigzag index whose value is kept.
    pub(super) kept: u32,
    /// Zigzag index to place in a block, beyond its end for values that are not kept.
    pub(super) places: &'a [u8],
}

/// What is kept of one block.
pub(super) struct Block<'a> {
    pub(super) values: &'a mut [i16],
    /// Bit `n` says that the coefficient at zigzag index `n` is not zero so far.
    pub(super) nonzero: &'a mut u64,
}

impl Block<'_> {
    /// Sets a coefficient.
    #[inline(always)]
    fn set(&mut self, band: &Band<'_>, index: u32, value: i16) {
        let place = band.places.get(index as usize).copied().unwrap_or(u8::MAX);
        if let Some(kept) = self.values.get_mut(usize::from(place)) {
            *kept = value << band.low;
        }
    }

    /// Adds one bit to the magnitude of a coefficient, unless it has that bit: scans may come twice.
    #[inline(always)]
    fn correct(&mut self, band: &Band<'_>, index: u32) {
        let place = band.places.get(index as usize).copied().unwrap_or(u8::MAX);
        if let Some(kept) = self.values.get_mut(usize::from(place)) {
            let lacks = !(*kept >> band.low) & 1;
            *kept = kept.wrapping_add((kept.signum() * lacks) << band.low);
        }
    }
}

impl BandTable {
    /// `None` if a table for a refinement has values of more than one bit.
    pub(super) fn new(codes: &Codes, refines: bool) -> Option<Self> {
        if refines && codes.symbols().iter().any(|&symbol| parts(symbol).1 > 1 && symbol & 15 > 0) {
            return None;
        }
        let mut single = Box::new([UNKNOWN << 16; 1 << SINGLE_BITS]);
        for (entry, (length, symbol)) in single.iter_mut().zip(codes.spread(SINGLE_BITS)) {
            let (run, size) = parts(symbol);
            if length > 0 {
                *entry = run << 16 | length << 6 | size;
            }
        }
        let spread = codes.spread(SEVERAL_BITS);
        let mut several = Box::new([u64::from(UNKNOWN) << 6; 1 << SEVERAL_BITS]);
        for (first, entry) in several.iter_mut().enumerate() {
            let (mut word, mut bits, mut advance, mut pattern) = (first, 0, 0, 0_u64);
            while bits < SEVERAL_BITS && advance < END {
                let (length, symbol) = spread[word & ((1 << SEVERAL_BITS) - 1)];
                let (run, size) = parts(symbol);
                let total = if run < END { advance + run + 1 } else { advance + END };
                // An end of more than this band changes more than this block.
                if length == 0
                    || bits + length > SEVERAL_BITS
                    || (run == END && size > 0)
                    || total % END > PATTERN
                {
                    break;
                }
                if size > 0 && run < END {
                    pattern |= 1 << (total - 1);
                }
                bits += length + size;
                advance = total;
                word <<= length + size;
            }
            if bits > 0 {
                *entry = pattern << 16 | u64::from(advance << 6 | bits);
            }
        }
        Some(Self { single, several, codes: codes.clone() })
    }

    /// Reads one code without consuming it: run, length and the number of extra bits.
    /// At least 31 bits must be available.
    #[inline(always)]
    fn code(&self, bits: &Bits<'_>) -> Option<(u32, u32, u32)> {
        let entry = self.single[bits.peek(SINGLE_BITS)];
        if entry >> 16 == UNKNOWN {
            let (length, symbol) = self.long_code(bits.peek(16) as u32)?;
            let (run, size) = parts(symbol);
            return Some((run, length, size));
        }
        Some((entry >> 16, entry >> 6 & 63, entry & 63))
    }

    #[cold]
    #[inline(never)]
    fn long_code(&self, word: u32) -> Option<(u32, u8)> {
        self.codes.find(word)
    }

    /// Reads the first bits of a band (G.1.2.2). Returns how many blocks after this one have
    /// only zeros in it; `None` if there is no such code or a run leads beyond the band.
    #[inline(always)]
    pub(super) fn first(
        &self,
        bits: &mut Bits<'_>,
        band: &Band<'_>,
        block: &mut Block<'_>,
    ) -> Option<u32> {
        let mut index = band.first;
        while index <= band.last {
            if index > band.kept {
                let shift = 63 - band.last;
                bits.refill();
                let entry = self.several[bits.peek(SEVERAL_BITS)];
                let advance = (entry >> 6) as u32 & 1023;
                let next = index + shift + advance;
                let ends = next == 64 || (END..END + 64).contains(&next);
                if next < 64 || ends {
                    *block.nonzero |= entry >> 16 << index;
                    bits.consume(entry as u32 & 63);
                    if ends {
                        return Some(0);
                    }
                    index += advance;
                    continue;
                }
            }
            bits.ensure(31);
            let (run, length, size) = self.code(bits)?;
            if run >= END {
                return Some(end_of_band(bits, length, size));
            }
            let value = bits.extended(length, size);
            bits.consume(length + size);
            index += run;
            if index > band.last {
                return None;
            }
            if size > 0 {
                *block.nonzero |= 1 << index;
                block.set(band, index, value);
            }
            index += 1;
        }
        Some(0)
    }

    /// Reads one more bit of the coefficients of a band (G.1.2.3), as [`BandTable::first`] does.
    #[inline(always)]
    pub(super) fn refine(
        &self,
        bits: &mut Bits<'_>,
        band: &Band<'_>,
        block: &mut Block<'_>,
    ) -> Option<u32> {
        let mut index = band.first;
        // What is not zero yet, from `index` on. The run of a symbol counts only these; the others
        // in between get a correction bit each.
        let mut zeros = !*block.nonzero & mask(band.first, band.last);
        while index <= band.last {
            bits.refill();
            let (run, length, size) = self.code(bits)?;
            if run >= END {
                let more = end_of_band(bits, length, size);
                correct(bits, band, block, index);
                return Some(more);
            }
            zeros = without_lowest(zeros, run);
            let next = zeros.trailing_zeros();
            if next > band.last {
                return None;
            }
            let value = bits.extended(length, size);
            bits.consume(length + size);
            if index > band.kept {
                bits.skip(next - index - run);
            } else {
                correct_kept(bits, band, block, mask(index, next));
                bits.skip((*block.nonzero & mask(index.max(band.kept + 1), next)).count_ones());
            }
            if size > 0 {
                *block.nonzero |= 1 << next;
                block.set(band, next, value);
            }
            zeros &= zeros - 1;
            index = next + 1;
        }
        Some(0)
    }
}

/// Consumes a code and the extra bits of an end-of-band: how many more bands end here.
#[inline(always)]
fn end_of_band(bits: &mut Bits<'_>, length: u32, size: u32) -> u32 {
    let more = (1 << size) - 1 + bits.extra(length, size);
    bits.consume(length + size);
    more
}

/// A bit for each zigzag index from `first` to `last`, which is 63 at most; none if it is less.
#[inline(always)]
fn mask(first: u32, last: u32) -> u64 {
    if first > last { 0 } else { u64::MAX << first & u64::MAX >> (63 - last) }
}

/// `bits` without the lowest `count` ones.
#[inline(always)]
fn without_lowest(mut bits: u64, mut count: u32) -> u64 {
    let next = |bits: u64| bits & bits.wrapping_sub(1);
    while count > 3 {
        bits = next(next(next(next(bits))));
        count -= 4;
    }
    // Most runs are short, and nothing predicts how short: no branch here.
    let two = next(next(bits));
    bits = if count & 2 != 0 { two } else { bits };
    let one = next(bits);
    if count & 1 != 0 { one } else { bits }
}

/// Reads a correction bit for each nonzero coefficient of `band` from `index` on.
#[inline(always)]
pub(super) fn correct(bits: &mut Bits<'_>, band: &Band<'_>, block: &mut Block<'_>, index: u32) {
    let nonzero = *block.nonzero & mask(index, band.last);
    if nonzero == 0 {
        return;
    }
    if index <= band.kept {
        correct_kept(bits, band, block, mask(index, band.last));
    }
    bits.skip((nonzero & mask(band.kept + 1, 63)).count_ones());
}

/// Reads the correction bits of those coefficients under `mask` that may be kept.
#[inline(always)]
fn correct_kept(bits: &mut Bits<'_>, band: &Band<'_>, block: &mut Block<'_>, within: u64) {
    let mut left = *block.nonzero & within & mask(0, band.kept);
    while left != 0 {
        bits.ensure(1);
        if bits.peek(1) == 1 {
            block.correct(band, left.trailing_zeros());
        }
        bits.consume(1);
        left &= left - 1;
    }
}

/// Run and number of extra bits of a symbol. An end-of-band has a run of [`END`].
fn parts(symbol: u8) -> (u32, u32) {
    let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
    if size == 0 && run != 15 { (END, run) } else { (run, size) }
}
