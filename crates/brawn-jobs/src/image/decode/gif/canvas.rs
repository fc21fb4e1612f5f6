//! The picture that the frames of a GIF are drawn on.

use brawn_core::Error;
use gif::DisposalMethod;

use super::super::super::picture::{Layout, Picture};
use super::super::room;

/// How one frame is drawn: where, in what colours.
pub(super) struct Brush {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    transparent: Option<u8>,
    colours: Vec<[u8; 3]>,
}

impl Brush {
    pub(super) fn new(frame: &gif::Frame<'_>, palette: &[u8]) -> Brush {
        Brush {
            left: usize::from(frame.left),
            top: usize::from(frame.top),
            width: usize::from(frame.width),
            height: usize::from(frame.height),
            transparent: frame.transparent,
            colours: palette.chunks_exact(3).map(|rgb| [rgb[0], rgb[1], rgb[2]]).collect(),
        }
    }
}

/// The lines of a frame in the order in which they are stored.
pub(super) fn order(height: usize, interlaced: bool) -> impl Iterator<Item = usize> {
    let passes: &[(usize, usize)] =
        if interlaced { &[(0, 8), (4, 8), (2, 4), (1, 2)] } else { &[(0, 1)] };
    passes.iter().flat_map(move |(first, step)| (*first..height).step_by(*step))
}

/// The logical screen.
pub(super) struct Canvas {
    picture: Picture,
    /// What is done with the last frame before the next is drawn.
    after: After,
}

enum After {
    Keep,
    /// `(left, top, width, height)`
    Clear(usize, usize, usize, usize),
    Restore(Picture),
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32, layout: Layout) -> Result<Canvas, Error> {
        Ok(Canvas { picture: blank(width, height, layout)?, after: After::Keep })
    }

    /// Remembers what the frame's disposal asks for, when a frame follows.
    pub(super) fn begin(
        &mut self,
        brush: &Brush,
        dispose: DisposalMethod,
        more: bool,
    ) -> Result<(), Error> {
        self.after = match dispose {
            DisposalMethod::Background if more => {
                After::Clear(brush.left, brush.top, brush.width, brush.height)
            }
            DisposalMethod::Previous if more => After::Restore(self.show()?),
            _ => After::Keep,
        };
        Ok(())
    }

    /// Draws one line of the frame. What lies outside of the screen is left out.
    pub(super) fn row(&mut self, brush: &Brush, line: usize, indices: &[u8]) {
        let channels = self.picture.layout.channels();
        let stride = self.picture.stride();
        let rows = self.picture.pixels.chunks_exact_mut(stride);
        let Some(row) = rows.into_iter().nth(brush.top + line) else { return };
        let Some(row) = row.get_mut(brush.left * channels..) else { return };
        for (pixel, index) in row.chunks_exact_mut(channels).zip(indices) {
            if brush.transparent == Some(*index) {
                continue;
            }
            // An index past the palette shows nothing in browsers.
            if let Some(rgb) = brush.colours.get(usize::from(*index)) {
                pixel[..3].copy_from_slice(rgb);
                if let Some(alpha) = pixel.get_mut(3) {
                    *alpha = u8::MAX;
                }
            }
        }
    }

    /// A copy of the screen.
    pub(super) fn show(&self) -> Result<Picture, Error> {
        let Picture { width, height, layout, .. } = self.picture;
        let mut copy = blank(width, height, layout)?;
        copy.pixels.copy_from_slice(&self.picture.pixels);
        Ok(copy)
    }

    /// The screen itself, for the last frame.
    pub(super) fn finish(&mut self) -> Picture {
        let Picture { layout, .. } = self.picture;
        std::mem::replace(
            &mut self.picture,
            Picture { width: 0, height: 0, layout, pixels: Vec::new() },
        )
    }

    /// Does with the last frame what it asked for.
    pub(super) fn dispose(&mut self) {
        match std::mem::replace(&mut self.after, After::Keep) {
            After::Keep => {}
            After::Restore(picture) => self.picture = picture,
            After::Clear(left, top, width, height) => {
                let channels = self.picture.layout.channels();
                let stride = self.picture.stride();
                for row in self.picture.pixels.chunks_exact_mut(stride).skip(top).take(height) {
                    let end = row.len().min((left + width) * channels);
                    // To transparent, not to the background colour: so do browsers.
                    if let Some(part) = row.get_mut(left * channels..end) {
                        part.fill(0);
                    }
                }
            }
        }
    }
}

fn blank(width: u32, height: u32, layout: Layout) -> Result<Picture, Error> {
    let bytes = u64::from(width) * u64::from(height) * layout.channels() as u64;
    Ok(Picture { width, height, layout, pixels: room(bytes)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interlaced_lines_come_in_four_passes() {
        let lines: Vec<_> = order(10, true).collect();
        assert_eq!(lines, [0, 8, 4, 2, 6, 1, 3, 5, 7, 9]);
        assert_eq!(order(3, false).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(order(1, true).collect::<Vec<_>>(), [0]);
    }
}
