//! Putting a picture on a canvas: cutting a window, padding, and turning by any angle.

use brawn_core::{Budget, Result};
use rayon::prelude::*;

use super::alpha::{self, colourful};
use super::options::Colour;
use super::picture::{Layout, Picture};

/// The layout that holds both a picture of `layout` and `background`.
pub(crate) fn layout(layout: Layout, background: Colour) -> Layout {
    let [r, g, b] = background.rgb;
    let coloured = matches!(layout, Layout::Rgb | Layout::Rgba)
        || (background.alpha > 0 && (r != g || g != b));
    match (coloured, layout.has_alpha() || background.alpha < 255) {
        (false, false) => Layout::Gray,
        (false, true) => Layout::GrayAlpha,
        (true, false) => Layout::Rgb,
        (true, true) => Layout::Rgba,
    }
}

fn with_layout(picture: Picture, layout: Layout) -> Picture {
    let picture = if layout.channels() >= 3 { colourful(picture) } else { picture };
    if picture.layout == layout {
        return picture;
    }
    // What is left is to add an opaque alpha.
    let channels = picture.layout.channels();
    let pixels = picture
        .pixels
        .chunks_exact(channels)
        .flat_map(|pixel| pixel.iter().copied().chain(std::iter::once(255)))
        .collect();
    Picture { layout, pixels, ..picture }
}

fn background_pixel(layout: Layout, colour: Colour) -> Vec<u8> {
    let [r, g, b] = colour.rgb;
    match layout {
        Layout::Gray => vec![r],
        Layout::GrayAlpha => vec![r, colour.alpha],
        Layout::Rgb => vec![r, g, b],
        Layout::Rgba => vec![r, g, b, colour.alpha],
    }
}

/// A canvas of `size` filled with `background`, the picture on it at `offset`.
pub(crate) fn pad(
    picture: Picture,
    size: (u32, u32),
    offset: (u32, u32),
    background: Colour,
) -> Picture {
    let layout = layout(picture.layout, background);
    let picture = with_layout(picture, layout);
    let pixel = background_pixel(layout, background);
    let mut canvas = Picture::new(size.0, size.1, layout);
    canvas.pixels.chunks_exact_mut(pixel.len()).for_each(|target| target.copy_from_slice(&pixel));
    let (stride, length) = (canvas.stride(), picture.stride());
    let first = offset.1 as usize * stride + offset.0 as usize * layout.channels();
    for (row, source) in picture.pixels.chunks_exact(length).enumerate() {
        canvas.pixels[first + row * stride..][..length].copy_from_slice(source);
    }
    canvas
}

/// The window of `size` at `offset`.
pub(crate) fn window(picture: &Picture, size: (u32, u32), offset: (u32, u32)) -> Picture {
    let mut cut = Picture::new(size.0, size.1, picture.layout);
    let length = cut.stride();
    let first =
        offset.1 as usize * picture.stride() + offset.0 as usize * picture.layout.channels();
    for (row, target) in cut.pixels.chunks_exact_mut(length).enumerate() {
        target.copy_from_slice(&picture.pixels[first + row * picture.stride()..][..length]);
    }
    cut
}

/// Where the window of `size` with the highest Shannon entropy lies; the most central one of equals.
///
/// `content` has the window's width or height (or both), so the search is along one axis: a histogram of grey values
/// slides over it.
pub(crate) fn most_entropy(
    content: &Picture,
    size: (u32, u32),
    budget: &Budget,
) -> Result<(u32, u32)> {
    let along_x = content.width > size.0;
    let (length, window) = if along_x {
        (content.width as usize, size.0 as usize)
    } else {
        (content.height as usize, size.1 as usize)
    };
    if length <= window {
        return Ok((0, 0));
    }
    let mut histogram = [0_i64; 256];
    let mut add = |line: usize, sign: i64| {
        for value in line_values(content, line, along_x) {
            histogram[usize::from(value)] += sign;
        }
        histogram
    };
    for line in 0..window {
        add(line, 1);
    }
    let mut best = (f64::MIN, 0, 0);
    let free = length - window;
    for start in 0..=free {
        budget.check()?;
        let counts = if start == 0 {
            add(0, 0)
        } else {
            add(start - 1, -1);
            add(start + window - 1, 1)
        };
        // The pixels in a window are always as many, so the sum of n log n orders windows as their entropy does.
        let order: f64 =
            counts.iter().filter(|n| **n > 1).map(|n| *n as f64 * (*n as f64).ln()).sum();
        let from_centre = (2 * start).abs_diff(free);
        if -order > best.0 || (-order == best.0 && from_centre < best.2) {
            best = (-order, start, from_centre);
        }
    }
    let start = best.1 as u32;
    Ok(if along_x { (start, 0) } else { (0, start) })
}

/// Grey values of a row or a column; green stands for colours, as the channel that carries most of the luminance.
fn line_values(picture: &Picture, line: usize, column: bool) -> impl Iterator<Item = u8> {
    let channels = picture.layout.channels();
    let green = usize::from(channels >= 3);
    let (first, step, count) = if column {
        (line * channels, picture.stride(), picture.height as usize)
    } else {
        (line * picture.stride(), channels, picture.width as usize)
    };
    (0..count).map(move |index| picture.pixels[first + index * step + green])
}

/// The size of a picture turned by `degrees`: the box around it.
pub(crate) fn turned_size(size: (u32, u32), degrees: f64) -> (u32, u32) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (f64::from(size.0), f64::from(size.1));
    let side = |a: f64, b: f64| (a.abs() + b.abs() - 1e-6).ceil().max(1.0) as u32;
    (side(width * cos, height * sin), side(width * sin, height * cos))
}

/// The picture turned clockwise by any angle, bilinear, corners filled with `background`; rows in parallel.
pub(crate) fn turn(
    picture: Picture,
    degrees: f64,
    background: Colour,
    budget: &Budget,
) -> Result<Picture> {
    let layout = layout(picture.layout, background);
    let mut source = with_layout(picture, layout);
    alpha::premultiply(&mut source, budget)?;
    let mut pixel = background_pixel(layout, background);
    if layout.has_alpha() {
        let (_, colours) = pixel.split_last_mut().map_or((0, [].as_mut_slice()), |(a, c)| (*a, c));
        colours.iter_mut().for_each(|value| *value = alpha::mix(*value, 0, background.alpha));
    }
    let (width, height) = turned_size((source.width, source.height), degrees);
    let mut target = Picture::new(width, height, layout);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (middle_x, middle_y) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
    let (source_x, source_y) = (f64::from(source.width) / 2.0, f64::from(source.height) / 2.0);
    let (channels, stride) = (layout.channels(), target.stride());
    target.pixels.par_chunks_mut(stride).enumerate().try_for_each(|(y, row)| {
        budget.check()?;
        for (x, target) in row.chunks_exact_mut(channels).enumerate() {
            let (dx, dy) = (x as f64 + 0.5 - middle_x, y as f64 + 0.5 - middle_y);
            let from_x = dx * cos + dy * sin + source_x - 0.5;
            let from_y = dy * cos - dx * sin + source_y - 0.5;
            blend(&source, from_x, from_y, &pixel, target);
        }
        Ok(())
    })?;
    alpha::unpremultiply(&mut target, budget)?;
    Ok(target)
}

/// The weighted mean of the four pixels around a point; outside of the picture is `background`.
fn blend(source: &Picture, x: f64, y: f64, background: &[u8], target: &mut [u8]) {
    let (left, top) = (x.floor(), y.floor());
    let (right_part, bottom_part) = ((x - left) as f32, (y - top) as f32);
    let channels = target.len();
    let pixel = |column: f64, row: f64| {
        let inside = column >= 0.0
            && row >= 0.0
            && column < f64::from(source.width)
            && row < f64::from(source.height);
        if inside {
            let at = row as usize * source.stride() + column as usize * channels;
            &source.pixels[at..at + channels]
        } else {
            background
        }
    };
    let corners = [
        (pixel(left, top), (1.0 - right_part) * (1.0 - bottom_part)),
        (pixel(left + 1.0, top), right_part * (1.0 - bottom_part)),
        (pixel(left, top + 1.0), (1.0 - right_part) * bottom_part),
        (pixel(left + 1.0, top + 1.0), right_part * bottom_part),
    ];
    for (channel, target) in target.iter_mut().enumerate() {
        let sum: f32 =
            corners.iter().map(|(pixel, weight)| f32::from(pixel[channel]) * weight).sum();
        *target = sum.round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(width: u32, pixels: &[u8]) -> Picture {
        let height = pixels.len() as u32 / width;
        Picture { width, height, layout: Layout::Gray, pixels: pixels.to_vec() }
    }

    #[test]
    fn padding_keeps_grey_grey_and_adds_what_the_background_needs() {
        let picture = gray(2, &[1, 2]);
        let padded = pad(picture.clone(), (2, 3), (0, 1), Colour::WHITE);
        assert_eq!(padded, gray(2, &[255, 255, 1, 2, 255, 255]));
        let clear = pad(picture, (2, 2), (0, 0), "transparent".parse().expect("a colour"));
        assert_eq!(
            (clear.layout, clear.pixels),
            (Layout::GrayAlpha, vec![1, 255, 2, 255, 0, 0, 0, 0])
        );
    }

    #[test]
    fn the_busiest_window_is_found() {
        let mut picture = Picture::new(300, 40, Layout::Rgb);
        for row in picture.pixels.chunks_exact_mut(900) {
            for (index, value) in row[3 * 190..3 * 230].iter_mut().enumerate() {
                *value = (index * 37 % 251) as u8;
            }
        }
        let (x, y) = most_entropy(&picture, (60, 40), &Budget::unlimited()).expect("found");
        assert!((170..=190).contains(&x) && y == 0, "{x} {y}");
        let even = Picture::new(300, 40, Layout::Rgb);
        let centre = most_entropy(&even, (60, 40), &Budget::unlimited()).expect("found");
        assert_eq!(centre, (120, 0), "the central one of equals");
    }

    #[test]
    fn a_quarter_turn_by_angle_is_a_quarter_turn() {
        let budget = Budget::unlimited();
        let turned = turn(gray(3, &[1, 2, 3, 4, 5, 6]), 90.0, Colour::WHITE, &budget);
        assert_eq!(turned.expect("turned"), gray(2, &[4, 1, 5, 2, 6, 3]));
        assert_eq!(turned_size((100, 100), 45.0), (142, 142));
    }

    #[test]
    fn corners_are_filled() {
        let picture = gray(20, &[0; 400]);
        let turned = turn(picture, 45.0, Colour::WHITE, &Budget::unlimited()).expect("turned");
        assert_eq!((turned.width, turned.height), (29, 29));
        assert_eq!((turned.pixels[0], turned.pixels[14 * 29 + 14]), (255, 0));
    }
}
