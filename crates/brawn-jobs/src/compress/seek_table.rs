//! The seek table of the seekable format: a skippable frame at the end that any decoder passes over.
//!
//! `contrib/seekable_format/zstd_seekable_compression_format.md`, version 0.1.0, in the repository of zstd.

const SKIPPABLE: u32 = 0x184D_2A5E;
const SEEKABLE: u32 = 0x8F92_EAB1;

/// Sizes of frames, compressed and plain.
#[derive(Debug, Default)]
pub(super) struct SeekTable(Vec<(u32, u32)>);

impl SeekTable {
    pub(super) fn add(&mut self, compressed: usize, plain: usize) {
        // Frames are a few MB.
        let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        self.0.push((size(compressed), size(plain)));
    }

    /// The skippable frame; nothing where there are more frames than it can hold (`0x8000000`, 512 TB of them).
    pub(super) fn frame(&self) -> Vec<u8> {
        let Ok(count @ 0..0x800_0000) = u32::try_from(self.0.len()) else { return Vec::new() };
        let mut frame = Vec::with_capacity(17 + 8 * self.0.len());
        frame.extend_from_slice(&SKIPPABLE.to_le_bytes());
        frame.extend_from_slice(&(8 * count + 9).to_le_bytes());
        for (compressed, plain) in &self.0 {
            frame.extend_from_slice(&compressed.to_le_bytes());
            frame.extend_from_slice(&plain.to_le_bytes());
        }
        frame.extend_from_slice(&count.to_le_bytes());
        // No checksums in the table: each frame has its own.
        frame.push(0);
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
        table.add(0x0102, 0x0304_0506);
        let frame = table.frame();
        assert_eq!(
            frame,
            [
                0x5e, 0x2a, 0x4d, 0x18, 17, 0, 0, 0, // skippable frame of 17 bytes
                2, 1, 0, 0, 6, 5, 4, 3, // one entry
                1, 0, 0, 0, 0, 0xb1, 0xea, 0x92, 0x8f, // footer
            ]
        );
    }
}
