//! From the input's size and what was asked for to what is cut, how large it becomes and where it is put.

use super::options::{Asked, Fit, Gravity, Options};
use super::orient::Area;

/// What becomes of an upright picture for one asked size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Framing {
    /// The part of the upright input that is used.
    pub(crate) area: Area,
    /// The size that part is resized to.
    pub(crate) content: (u32, u32),
    /// The size of the result. Larger than the content: the rest is background. Smaller: `cover` by entropy, the window
    /// is chosen when the pixels are there.
    pub(crate) canvas: (u32, u32),
    /// Where the content is put on a larger canvas.
    pub(crate) offset: (u32, u32),
}

impl Framing {
    /// Frames a picture of `source` pixels, upright.
    pub(crate) fn new(options: &Options, asked: Asked, source: (u32, u32)) -> Framing {
        let (width, height) = (f64::from(source.0), f64::from(source.1));
        let limit = |scale: f64| if options.enlarge { scale } else { scale.min(1.0) };
        let scaled = |scale: f64| (side(width * scale), side(height * scale));
        let whole = |content: (u32, u32)| Framing {
            area: Area { left: 0.0, top: 0.0, width, height },
            content,
            canvas: content,
            offset: (0, 0),
        };
        let (asked_width, asked_height) = match (asked.width, asked.height) {
            (None, None) => return whole(scaled(limit(options.scale.unwrap_or(1.0)))),
            (Some(w), None) => return whole(scaled(limit(f64::from(w) / width))),
            (None, Some(h)) => return whole(scaled(limit(f64::from(h) / height))),
            (Some(w), Some(h)) => (w, h),
        };
        let (across, down) = (f64::from(asked_width) / width, f64::from(asked_height) / height);
        match options.fit {
            Fit::Inside => whole(scaled(limit(across.min(down)))),
            Fit::Outside => whole(scaled(limit(across.max(down)))),
            Fit::Fill => whole((side(width * limit(across)), side(height * limit(down)))),
            Fit::Contain => {
                let content = scaled(limit(across.min(down)));
                let content = (content.0.min(asked_width), content.1.min(asked_height));
                let (x, y) = options.gravity.position();
                let place = |free: u32, position: f64| (f64::from(free) * position).floor() as u32;
                Framing {
                    canvas: (asked_width, asked_height),
                    offset: (place(asked_width - content.0, x), place(asked_height - content.1, y)),
                    ..whole(content)
                }
            }
            Fit::Cover => {
                // A picture that is too small and must not be enlarged gives the largest one of the asked shape that
                // it holds, so that a grid of thumbnails keeps one shape.
                let scale = across.max(down);
                let shrink = limit(scale) / scale;
                let canvas =
                    (side(f64::from(asked_width) * shrink), side(f64::from(asked_height) * shrink));
                let scale = (f64::from(canvas.0) / width).max(f64::from(canvas.1) / height);
                if options.gravity == Gravity::Entropy {
                    let content = scaled(scale);
                    let content = (content.0.max(canvas.0), content.1.max(canvas.1));
                    return Framing { canvas, ..whole(content) };
                }
                let kept = (
                    (f64::from(canvas.0) / scale).min(width),
                    (f64::from(canvas.1) / scale).min(height),
                );
                let (x, y) = options.gravity.position();
                let area = Area {
                    left: (width - kept.0) * x,
                    top: (height - kept.1) * y,
                    width: kept.0,
                    height: kept.1,
                };
                Framing { area, ..whole(canvas) }
            }
        }
    }

    /// The size that the whole upright input must at least have for this framing to lose nothing, if smaller than it is.
    pub(crate) fn at_least(&self, source: (u32, u32)) -> Option<(u32, u32)> {
        let needed = |whole: u32, content: u32, part: f64| {
            (f64::from(whole) * f64::from(content) / part).ceil() as u32
        };
        let size = (
            needed(source.0, self.content.0, self.area.width),
            needed(source.1, self.content.1, self.area.height),
        );
        (size.0 < source.0 && size.1 < source.1).then_some(size)
    }
}

fn side(length: f64) -> u32 {
    length.round().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(fit: Fit, asked: (u32, u32), source: (u32, u32)) -> Framing {
        let size = |side: u32| (side > 0).then_some(side);
        let asked = Asked { width: size(asked.0), height: size(asked.1) };
        Framing::new(&Options { fit, ..Options::default() }, asked, source)
    }

    #[test]
    fn sizes_are_those_of_sharp() {
        for (fit, asked, source, content, canvas) in [
            (Fit::Inside, (800, 0), (4032, 3024), (800, 600), (800, 600)),
            (Fit::Inside, (0, 600), (4032, 3024), (800, 600), (800, 600)),
            (Fit::Inside, (800, 800), (3024, 4032), (600, 800), (600, 800)),
            (Fit::Outside, (800, 800), (3024, 4032), (800, 1067), (800, 1067)),
            (Fit::Fill, (800, 100), (4032, 3024), (800, 100), (800, 100)),
            (Fit::Cover, (400, 400), (4032, 3024), (400, 400), (400, 400)),
            (Fit::Contain, (400, 400), (4032, 3024), (400, 300), (400, 400)),
            (Fit::Inside, (0, 0), (33, 44), (33, 44), (33, 44)),
            (Fit::Inside, (1, 0), (10_000, 3), (1, 1), (1, 1)),
        ] {
            let framing = framed(fit, asked, source);
            assert_eq!((framing.content, framing.canvas), (content, canvas), "{fit} {asked:?}");
        }
    }

    #[test]
    fn nothing_is_enlarged_unless_asked() {
        for (fit, content, canvas) in [
            (Fit::Inside, (100, 50), (100, 50)),
            (Fit::Outside, (100, 50), (100, 50)),
            (Fit::Fill, (100, 50), (100, 50)),
            (Fit::Contain, (100, 50), (400, 400)),
            (Fit::Cover, (50, 50), (50, 50)),
        ] {
            let framing = framed(fit, (400, 400), (100, 50));
            assert_eq!((framing.content, framing.canvas), (content, canvas), "{fit}");
        }
        let options = Options { enlarge: true, ..Options::default() };
        let asked = Asked { width: Some(400), height: None };
        assert_eq!(Framing::new(&options, asked, (100, 50)).content, (400, 200));
    }

    #[test]
    fn gravity_moves_what_is_kept() {
        let kept = |gravity| {
            let options = Options { fit: Fit::Cover, gravity, ..Options::default() };
            let asked = Asked { width: Some(50), height: Some(50) };
            Framing::new(&options, asked, (400, 100)).area
        };
        let area = |left| Area { left, top: 0.0, width: 100.0, height: 100.0 };
        assert_eq!(kept(Gravity::West), area(0.0));
        assert_eq!(kept(Gravity::Center), area(150.0));
        assert_eq!(kept(Gravity::SouthEast), area(300.0));
    }

    #[test]
    fn a_crop_needs_more_of_the_input_than_its_own_size() {
        let square = framed(Fit::Cover, (100, 100), (4000, 1000));
        assert_eq!(square.at_least((4000, 1000)), Some((400, 100)));
        assert_eq!(framed(Fit::Inside, (0, 0), (400, 300)).at_least((400, 300)), None);
    }
}
