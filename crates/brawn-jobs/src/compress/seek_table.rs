//! The seek table of the seekable format: a skippable frame at the end that any decoder passes over.
//!
//! `contrib/seekable_format/zstd_seekable_compression_format.md`, version 0.1.0, in the repository of zstd.

/// What begins the skippable frame, and what ends it.
pub(crate) const SKIPPABLE: u32 = 0x184D_2A5E;
pub(crate) const SEEKABLE: u32 = 0x8F92_EAB1;

/// What stands behind the entries: their number, the descriptor, the magic number.
pub(crate) const FOOTER: usize = 9;

/// The bit of the descriptor that says that entries have checksums.
pub(crate) const WITH_CHECKSUMS: u8 = 0x80;

/// Sizes of frames, compressed and plain, and their checksums.
#[derive(Debug, Default)]
pub(super) struct SeekTable(Vec<[u32; 3]>);

impl SeekTable {
    /// Adds a frame that ends with its checksum. That is the one of the table too: 32 bits of XXH64 of the plain bytes.
    pub(super) fn add(&mut self, frame: &[u8], plain: usize) {
        // Frames are a few MB.
        let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let checksum = frame.last_chunk().copied().unwrap_or_default();
        self.0.push([size(frame.len()), size(plain), u32::from_le_bytes(checksum)]);
    }

    /// The skippable frame; nothing where there are more frames than it can hold (`0x8000000`, 512 TB of them).
    pub(super) fn frame(&self) -> Vec<u8> {
        let Ok(count @ 0..0x800_0000) = u32::try_from(self.0.len()) else { return Vec::new() };
        let mut frame = Vec::with_capacity(17 + 12 * self.0.len());
        frame.extend_from_slice(&SKIPPABLE.to_le_bytes());
        frame.extend_from_slice(&(12 * count + 9).to_le_bytes());
        for word in self.0.iter().flatten() {
            frame.extend_from_slice(&word.to_le_bytes());
        }
        frame.extend_from_slice(&count.to_le_bytes());
        frame.push(WITH_CHECKSUMS);
        frame.extend_from_slice(&SEEKABLE.to_le_bytes());
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_laid_out_as_published() {
        let mut table = SeekTable::default();
        table.add(&[9, 1, 2, 3, 4], 0x0304_0506);
        let frame = table.frame();
        assert_eq!(
            frame,
            [
                0x5e, 0x2a, 0x4d, 0x18, 21, 0, 0, 0, // skippable frame of 21 bytes
                5, 0, 0, 0, 6, 5, 4, 3, 1, 2, 3, 4, // one entry
                1, 0, 0, 0, 0x80, 0xb1, 0xea, 0x92, 0x8f, // footer
            ]
        );
    }
}
