//! The blocks of a GIF: how many frames there are and where the first one lies, without decoding any.

/// What the blocks say.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// The logical screen, as large as the first frame needs it.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) frames: u32,
    /// Whether any pixel of any frame may let through what is below.
    pub(super) transparent: bool,
}

/// Why the walk ended before the trailer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CutOff;

impl Blocks {
    /// Walks over all blocks. With `Err`, what was read until the bytes ended.
    pub(super) fn read(bytes: &[u8]) -> (Blocks, Result<(), CutOff>) {
        let mut blocks = Blocks::default();
        let ended = blocks.walk(&mut Cursor { bytes, at: 6 });
        (blocks, ended.ok_or(CutOff))
    }

    /// `None` when the bytes end.
    fn walk(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let &[w0, w1, h0, h1, flags, _, _] = cursor.take()?;
        self.width = u32::from(u16::from_le_bytes([w0, w1]));
        self.height = u32::from(u16::from_le_bytes([h0, h1]));
        cursor.palette(flags)?;
        loop {
            match cursor.take()? {
                [0x21] => {
                    let &[label] = cursor.take()?;
                    if label == 0xf9
                        && let Some([size, flags, ..]) = cursor.rest()
                        && *size >= 4
                    {
                        // A transparent colour, or a disposal that clears the frame's place.
                        self.transparent |= flags & 1 == 1 || flags >> 2 & 7 == 2;
                    }
                    cursor.sub_blocks()?;
                }
                [0x2c] => {
                    let &[x0, x1, y0, y1, w0, w1, h0, h1, flags] = cursor.take()?;
                    let word = |low, high| u32::from(u16::from_le_bytes([low, high]));
                    let (x, y, w, h) = (word(x0, x1), word(y0, y1), word(w0, w1), word(h0, h1));
                    self.frames += 1;
                    if self.frames == 1 {
                        // As browsers and Pillow do: some writers leave the screen at 0x0.
                        self.width = self.width.max(x + w);
                        self.height = self.height.max(y + h);
                        let covered = (x, y, w, h) == (0, 0, self.width, self.height);
                        self.transparent |= !covered;
                    }
                    cursor.palette(flags)?;
                    let [_code_size] = cursor.take()?;
                    cursor.sub_blocks()?;
                }
                // The trailer, or something no version of the format knows: browsers end there.
                _ => return Some(()),
            }
        }
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> Option<&'a [u8]> {
        self.bytes.get(self.at..)
    }

    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let taken = self.rest()?.first_chunk()?;
        self.at += N;
        Some(taken)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.at += count;
        (self.at <= self.bytes.len()).then_some(())
    }

    fn palette(&mut self, flags: u8) -> Option<()> {
        if flags & 0x80 == 0 { Some(()) } else { self.skip(3 << ((flags & 7) + 1)) }
    }

    fn sub_blocks(&mut self) -> Option<()> {
        loop {
            let [size] = self.take()?;
            if *size == 0 {
                return Some(());
            }
            self.skip(usize::from(*size))?;
        }
    }
}
