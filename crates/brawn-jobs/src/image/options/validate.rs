//! Whether options make sense, before any input is seen.

use brawn_core::{Error, Result};

use super::{Format, Frames, Gravity, Options};
use crate::image::Fit;
use crate::image::name::Template;

impl Options {
    /// Checks every field on its own and against the others. Nothing is clamped: a value out of range is refused.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOptions`](brawn_core::ErrorKind::InvalidOptions), with the field, its value and what would be
    /// right.
    pub fn validate(&self) -> Result<()> {
        for (field, list) in [("width", &self.width), ("height", &self.height)] {
            if let Some(bad) = list.iter().find(|side| !(1..=65_535).contains(*side)) {
                return Err(refused(field, bad, "takes 1 to 65535 pixels"));
            }
        }
        let (widths, heights) = (self.width.len(), self.height.len());
        if widths > 1 && heights > 1 && widths != heights {
            return Err(Error::invalid_options(format!(
                "{widths} values of `width` and {heights} of `height`: takes one for all, or as many as of the other"
            )));
        }
        if let Some(scale) = self.scale {
            within("scale", scale, 0.0001, 100.0)?;
            if widths + heights > 0 {
                return Err(Error::invalid_options(
                    "`scale` with `width` or `height`: takes one or the other",
                ));
            }
            if scale > 1.0 && !self.enlarge {
                return Err(refused("scale", scale, "takes up to 1 unless `enlarge` is set"));
            }
        }
        if self.gravity == Gravity::Entropy && self.fit != Fit::Cover {
            return Err(Error::invalid_options(format!(
                "`gravity` is entropy and `fit` is {}: entropy chooses what `cover` cuts off",
                self.fit
            ))
            .with_hint("set `fit` to cover"));
        }
        if self.format.is_empty() {
            return Err(Error::invalid_options(
                "`format` is an empty list: takes auto, jpeg, png, webp, avif",
            ));
        }
        #[cfg(not(feature = "avif"))]
        if self.format.contains(&Format::Avif) {
            return Err(Error::invalid_options(
                "`format` is avif, which this build cannot write: takes auto, jpeg, png, webp",
            )
            .with_hint("build with `--features avif`"));
        }
        if let Some(twice) = first_repeated(&self.format) {
            return Err(Error::invalid_options(format!("`format` holds {twice} twice")));
        }
        if let Some(twice) = first_repeated(&self.sizes()) {
            let side =
                |side: Option<u32>| side.map_or_else(|| "auto".to_owned(), |n| n.to_string());
            return Err(Error::invalid_options(format!(
                "the size {}x{} is asked for twice",
                side(twice.width),
                side(twice.height)
            )));
        }
        within("quality", self.quality, 1, 100)?;
        within("compression_level", self.compression_level, 0, 9)?;
        within("effort", self.effort, 0, 6)?;
        if self.lossless && !self.format.iter().any(|f| matches!(f, Format::WebP | Format::Auto)) {
            return Err(Error::invalid_options(
                "`lossless` is set and no `format` is webp: only webp has the choice",
            ));
        }
        if self.frames == Frames::First(0) {
            return Err(refused("frames", 0, "takes 1 or more, or `all`"));
        }
        self.validate_filters()?;
        within("max_src_resolution", self.max_src_resolution, 0.000_001, 1_000_000.0)?;
        for (field, limit) in [
            ("max_src_dimension", u64::from(self.max_src_dimension)),
            ("max_src_file_size", self.max_src_file_size.0),
            ("max_animation_frames", u64::from(self.max_animation_frames)),
            ("max_result_dimension", u64::from(self.max_result_dimension)),
            ("max_decoded_memory", self.max_decoded_memory.0),
        ] {
            if limit == 0 {
                return Err(refused(field, 0, "takes 1 or more; nothing would ever pass"));
            }
        }
        if let Some(name) = &self.name {
            Template::parse(name)?;
        }
        Ok(())
    }

    fn validate_filters(&self) -> Result<()> {
        for (field, value, low, high) in [
            ("rotate", self.rotate, -360.0, 360.0),
            // Below 0.3 the Gaussian is one pixel wide (sharp's lower bound too).
            ("blur", self.blur, 0.3, 250.0),
            ("sharpen", self.sharpen, 0.3, 10.0),
            ("brightness", self.brightness, 0.0, 100.0),
            ("contrast", self.contrast, 0.0, 100.0),
            ("saturation", self.saturation, 0.0, 100.0),
        ] {
            if let Some(value) = value {
                within(field, value, low, high)?;
            }
        }
        Ok(())
    }
}

fn within<T: PartialOrd + std::fmt::Display>(field: &str, value: T, low: T, high: T) -> Result<()> {
    // Written so that a NaN is outside.
    if value >= low && value <= high {
        Ok(())
    } else {
        Err(refused(field, value, &format!("takes {low} to {high}")))
    }
}

fn refused(field: &str, value: impl std::fmt::Display, right: &str) -> Error {
    Error::invalid_options(format!("`{field}` is {value}: {right}"))
}

fn first_repeated<T: PartialEq>(list: &[T]) -> Option<&T> {
    list.iter()
        .enumerate()
        .find(|(index, item)| list[..*index].contains(item))
        .map(|(_, item)| item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::options::Convolve;

    fn refusal(change: impl FnOnce(&mut Options)) -> String {
        let mut options = Options::default();
        change(&mut options);
        let error = options.validate().expect_err("the options are refused");
        assert_eq!(error.kind(), brawn_core::ErrorKind::InvalidOptions);
        error.to_string()
    }

    #[test]
    fn the_default_is_valid() {
        Options::default().validate().expect("valid");
        let kernel: Convolve = "1 1 1 1 1 1 1 1 1".parse().expect("a kernel");
        Options { convolve: Some(kernel), ..Options::default() }.validate().expect("valid");
    }

    #[test]
    fn out_of_range_is_refused_with_field_value_and_range() {
        assert_eq!(refusal(|o| o.quality = 101), "`quality` is 101: takes 1 to 100");
        assert_eq!(refusal(|o| o.width = vec![320, 0]), "`width` is 0: takes 1 to 65535 pixels");
        assert_eq!(refusal(|o| o.blur = Some(f64::NAN)), "`blur` is NaN: takes 0.3 to 250");
        assert_eq!(refusal(|o| o.effort = 7), "`effort` is 7: takes 0 to 6");
        assert!(refusal(|o| o.max_src_file_size.0 = 0).starts_with("`max_src_file_size` is 0"));
    }

    #[cfg(not(feature = "avif"))]
    #[test]
    fn avif_is_refused_where_it_is_not_built() {
        let options = Options { format: vec![Format::Avif], ..Options::default() };
        let error = options.validate().expect_err("not built");
        assert!(error.to_string().contains("`format` is avif, which this build cannot write"));
        assert_eq!(error.hint(), Some("build with `--features avif`"));
    }

    #[test]
    fn contradictions_are_named() {
        let scaled = |o: &mut Options| (o.scale, o.width) = (Some(0.5), vec![8]);
        assert!(refusal(scaled).contains("takes one or the other"));
        assert!(refusal(|o| o.scale = Some(2.0)).contains("unless `enlarge`"));
        assert!(refusal(|o| o.gravity = Gravity::Entropy).contains("`fit` is inside"));
        assert!(refusal(|o| o.format = vec![Format::Png, Format::Png]).contains("png twice"));
        let lists = |o: &mut Options| (o.width, o.height) = (vec![1, 2], vec![1, 2, 3]);
        assert!(refusal(lists).contains("2 values of `width` and 3 of `height`"));
        assert!(refusal(|o| o.width = vec![8, 8]).contains("8xauto is asked for twice"));
    }
}
