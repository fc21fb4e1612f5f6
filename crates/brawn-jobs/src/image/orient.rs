//! The eight ways a picture can lie: EXIF orientations, quarter turns and mirrors are one group.

use brawn_core::{Budget, Result};
use rayon::prelude::*;

use super::picture::Picture;

/// How a stored picture must be turned to be upright: the eight values of the EXIF tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Orientation {
    #[default]
    Normal = 1,
    MirroredX = 2,
    Turned180 = 3,
    MirroredY = 4,
    Transposed = 5,
    /// Upright after a quarter turn clockwise.
    Turned90 = 6,
    Transversed = 7,
    Turned270 = 8,
}

use Orientation::{
    MirroredX, MirroredY, Normal, Transposed, Transversed, Turned90, Turned180, Turned270,
};

/// `(transpose, mirror x, mirror y)`: the upright pixel (x, y) is the stored pixel at (x, y), first with its coordinates
/// swapped, then each mirrored within the stored size.
type Parts = (bool, bool, bool);

impl Orientation {
    const ALL: [Orientation; 8] =
        [Normal, MirroredX, Turned180, MirroredY, Transposed, Turned90, Transversed, Turned270];

    /// From the value of the EXIF tag 0x0112.
    pub(crate) fn from_exif(value: u16) -> Option<Orientation> {
        Orientation::ALL.into_iter().find(|orientation| *orientation as u16 == value)
    }

    /// Whether the upright picture is as wide as the stored one is high.
    pub(crate) fn swaps_axes(self) -> bool {
        self.parts().0
    }

    /// `size` as seen through this orientation: the stored one upright, or the upright one as stored.
    pub(crate) fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.swaps_axes() { (height, width) } else { (width, height) }
    }

    /// This orientation, and then `next` on the upright picture.
    pub(crate) fn then(self, next: Orientation) -> Orientation {
        let (transpose, x, y) = self.parts();
        let (next_transpose, next_x, next_y) = next.parts();
        let (next_x, next_y) = if transpose { (next_y, next_x) } else { (next_x, next_y) };
        let parts = (transpose ^ next_transpose, x ^ next_x, y ^ next_y);
        let found = Orientation::ALL.into_iter().find(|orientation| orientation.parts() == parts);
        found.expect("the eight orientations have all eight combinations of parts")
    }

    fn parts(self) -> Parts {
        match self {
            Normal => (false, false, false),
            MirroredX => (false, true, false),
            Turned180 => (false, true, true),
            MirroredY => (false, false, true),
            Transposed => (true, false, false),
            Turned90 => (true, false, true),
            Transversed => (true, true, true),
            Turned270 => (true, true, false),
        }
    }

    /// The stored rectangle that shows `area` of the upright picture; `stored` is the stored size.
    pub(crate) fn stored_area(self, area: Area, stored: (f64, f64)) -> Area {
        let (transpose, mirror_x, mirror_y) = self.parts();
        let mut area = if transpose {
            Area { left: area.top, top: area.left, width: area.height, height: area.width }
        } else {
            area
        };
        if mirror_x {
            area.left = stored.0 - area.left - area.width;
        }
        if mirror_y {
            area.top = stored.1 - area.top - area.height;
        }
        area
    }
}

/// A rectangle with sides between pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Output rows that are turned together, so that a column of the source is read a cache line at a time.
const ROWS: usize = 16;

/// The picture upright; rows in parallel.
pub(crate) fn upright(
    picture: &Picture,
    orientation: Orientation,
    budget: &Budget,
) -> Result<Picture> {
    match picture.layout.channels() {
        1 => turn::<1>(picture, orientation, budget),
        2 => turn::<2>(picture, orientation, budget),
        3 => turn::<3>(picture, orientation, budget),
        _ => turn::<4>(picture, orientation, budget),
    }
}

fn turn<const N: usize>(
    source: &Picture,
    orientation: Orientation,
    budget: &Budget,
) -> Result<Picture> {
    let (width, height) = orientation.size((source.width, source.height));
    let mut target = Picture::new(width, height, source.layout);
    let (transpose, mirror_x, mirror_y) = orientation.parts();
    let (pixels, _) = source.pixels.as_chunks::<N>();
    let (across, down) = (source.width as usize, source.height as usize);
    let stride = target.stride();
    target.pixels.par_chunks_mut(stride * ROWS).enumerate().try_for_each(|(band, rows)| {
        budget.check()?;
        let (rows, _) = rows.as_chunks_mut::<N>();
        let width = width as usize;
        if transpose {
            for x in 0..width {
                let row = if mirror_y { down - 1 - x } else { x };
                for (y, line) in rows.chunks_exact_mut(width).enumerate() {
                    let y = band * ROWS + y;
                    let column = if mirror_x { across - 1 - y } else { y };
                    line[x] = pixels[row * across + column];
                }
            }
        } else {
            for (y, line) in rows.chunks_exact_mut(width).enumerate() {
                let y = band * ROWS + y;
                let row = if mirror_y { down - 1 - y } else { y };
                line.copy_from_slice(&pixels[row * across..][..across]);
                if mirror_x {
                    line.reverse();
                }
            }
        }
        Ok(())
    })?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::picture::Layout;

    fn gray(width: u32, pixels: &[u8]) -> Picture {
        let height = pixels.len() as u32 / width;
        Picture { width, height, layout: Layout::Gray, pixels: pixels.to_vec() }
    }

    fn turned(picture: &Picture, orientation: Orientation) -> Picture {
        upright(picture, orientation, &Budget::unlimited()).expect("an unlimited budget")
    }

    #[test]
    fn each_orientation_turns_as_exif_says() {
        // 1 2 3
        // 4 5 6
        let stored = gray(3, &[1, 2, 3, 4, 5, 6]);
        for (exif, width, pixels) in [
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [4, 1, 5, 2, 6, 3]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [3, 6, 2, 5, 1, 4]),
        ] {
            let orientation = Orientation::from_exif(exif).expect("1 to 8");
            assert_eq!(turned(&stored, orientation), gray(width, &pixels), "orientation {exif}");
        }
        assert_eq!(Orientation::from_exif(0), None);
        assert_eq!(Orientation::from_exif(9), None);
    }

    #[test]
    fn one_turn_for_two_gives_the_same_picture() {
        let stored = gray(3, &[1, 2, 3, 4, 5, 6]);
        for first in Orientation::ALL {
            for second in Orientation::ALL {
                let in_turn = turned(&turned(&stored, first), second);
                assert_eq!(turned(&stored, first.then(second)), in_turn, "{first:?} {second:?}");
            }
        }
    }

    #[test]
    fn an_upright_area_is_found_in_the_stored_picture() {
        let stored = gray(5, &(0..20).collect::<Vec<u8>>());
        for orientation in Orientation::ALL {
            let whole = turned(&stored, orientation);
            let area = Area { left: 1.0, top: 2.0, width: 1.0, height: 1.0 };
            let found = orientation.stored_area(area, (5.0, 4.0));
            let index = found.top as usize * 5 + found.left as usize;
            assert_eq!(stored.pixels[index], whole.pixels[2 * whole.width as usize + 1]);
        }
    }

    #[test]
    fn large_pictures_turn_like_small_ones() {
        let pixels: Vec<u8> = (0..37 * 53 * 3).map(|n| (n * 7 % 251) as u8).collect();
        let stored = Picture { width: 37, height: 53, layout: Layout::Rgb, pixels };
        let mut turning = stored.clone();
        for _ in 0..4 {
            turning = turned(&turning, Turned90);
        }
        assert_eq!(turning, stored);
    }
}
