//! The still picture of a file: which items it is made of, and where they are.

use std::borrow::Cow;
use std::ops::Range;

use super::super::super::orient::Orientation;
use super::boxes::{self, Reader, Result, Stopped, name, wrong};
use super::meta::{Item, Meta, Property};
use super::sequence::Sequence;

/// Everything that is known before a pixel is decoded.
#[derive(Clone, Debug)]
pub(super) struct Still {
    pub(super) colour: Plane,
    pub(super) alpha: Option<Plane>,
    /// Whether the colours are multiplied by alpha.
    pub(super) premultiplied: bool,
    /// Primaries, transfer, matrix.
    pub(super) codes: [u16; 3],
    pub(super) full_range: bool,
    pub(super) orientation: Orientation,
    pub(super) icc: Option<Range<u64>>,
    pub(super) exif: Vec<Range<u64>>,
    pub(super) xmp: Vec<Range<u64>>,
}

/// A picture, or the cells that it is put together from: colours or alpha.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) columns: u32,
    /// Row by row.
    pub(super) cells: Vec<Cell>,
    /// Of every cell.
    pub(super) sequence: Sequence,
}

/// One AV1 stream.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) extents: Vec<Range<u64>>,
    pub(super) operating_point: u8,
}

impl Still {
    /// Reads everything but pixels; `complete` says that these are all bytes there are.
    pub(super) fn read(bytes: &[u8], complete: bool) -> Result<Still> {
        let meta = meta_of(bytes, complete)?;
        let primary = meta.item(meta.primary)?;
        let properties = meta.properties(primary)?;
        let alpha = alpha_of(&meta, meta.primary)?;
        let (exif, xmp) = metadata(&meta)?;
        let colour = Plane::read(bytes, &meta, meta.primary)?;
        let alpha_plane = match (alpha, colour.cells.len()) {
            (Some(id), _) => Some(Plane::read(bytes, &meta, id)?),
            (None, 1) => None,
            (None, _) => alpha_of_cells(bytes, &meta, &colour)?,
        };
        if let Some(alpha) = &alpha_plane
            && (alpha.width, alpha.height) != (colour.width, colour.height)
        {
            return wrong(format!(
                "its alpha has {}x{} pixels and its colours {}x{}",
                alpha.width, alpha.height, colour.width, colour.height
            ));
        }
        let mut still = Still {
            premultiplied: alpha
                .is_some_and(|alpha| meta.pointed_at(b"prem", meta.primary).contains(&alpha)),
            codes: colour.sequence.codes,
            full_range: colour.sequence.full_range,
            orientation: Orientation::Normal,
            icc: None,
            exif,
            xmp,
            colour,
            alpha: alpha_plane,
        };
        still.apply(&properties);
        for range in still.icc.iter().chain(&still.exif).chain(&still.xmp) {
            if range.end > bytes.len() as u64 {
                return Err(Stopped::CutOff(range.end));
            }
        }
        Ok(still)
    }

    /// Colours and orientation. As HEIF has it, `irot` comes before `imir`, and an orientation in EXIF says nothing: it
    /// repeats what these two say, for those who take the EXIF out.
    fn apply(&mut self, properties: &[&Property]) {
        for property in properties {
            match property {
                Property::Nclx(codes, full_range) => {
                    (self.codes, self.full_range) = (*codes, *full_range);
                }
                Property::Icc(place) => self.icc = Some(place.clone()),
                Property::Rotation(turns) => {
                    let turned = [
                        Orientation::Normal,
                        Orientation::Turned270,
                        Orientation::Turned180,
                        Orientation::Turned90,
                    ][usize::from(turns & 3)];
                    self.orientation = self.orientation.then(turned);
                }
                Property::Mirror(axis) => {
                    let mirrored =
                        if *axis == 0 { Orientation::MirroredY } else { Orientation::MirroredX };
                    self.orientation = self.orientation.then(mirrored);
                }
                _ => {}
            }
        }
    }
}

impl Plane {
    fn read(bytes: &[u8], meta: &Meta, id: u32) -> Result<Plane> {
        let item = meta.item(id)?;
        match &item.kind {
            b"av01" => Plane::single(bytes, meta, item),
            b"grid" => {
                let grid = payload(bytes, &item.extents)?;
                let shape = Shape::read(&grid, size(meta, item)?)?;
                let ids = meta.pointed_at(b"dimg", id);
                Plane::grid(bytes, meta, shape, ids)
            }
            kind => Err(Stopped::Unsupported(format!(
                "is made by `{}`, which is not handled",
                name(*kind)
            ))),
        }
    }

    fn single(bytes: &[u8], meta: &Meta, item: &Item) -> Result<Plane> {
        let (width, height) = size(meta, item)?;
        let mut operating_point = 0;
        for property in meta.properties(item)? {
            match property {
                Property::OperatingPoint(point) => operating_point = *point & 31,
                Property::Layer(layer) if *layer != u16::MAX => {
                    return Err(Stopped::Unsupported(format!(
                        "shows layer {layer} of its stream, which is not handled"
                    )));
                }
                _ => {}
            }
        }
        let stream = payload(bytes, &item.extents)?;
        let sequence = Sequence::read(&stream)?;
        if (sequence.width, sequence.height) != (width, height) {
            return wrong(format!(
                "its container says {width}x{height} and its AV1 stream {}x{}",
                sequence.width, sequence.height
            ));
        }
        let cell = Cell { extents: item.extents.clone(), operating_point };
        Ok(Plane { width, height, columns: 1, cells: vec![cell], sequence })
    }

    fn grid(bytes: &[u8], meta: &Meta, shape: Shape, ids: &[u32]) -> Result<Plane> {
        let Shape { columns, rows, width, height } = shape;
        if ids.len() as u64 != u64::from(columns) * u64::from(rows) {
            return wrong(format!(
                "its grid of {columns}x{rows} is made of {} pictures",
                ids.len()
            ));
        }
        let mut plane: Option<Plane> = None;
        for id in ids {
            let item = meta.item(*id)?;
            if &item.kind != b"av01" {
                return wrong(format!("its grid holds a `{}`", name(item.kind)));
            }
            let cell = Plane::single(bytes, meta, item)?;
            match &mut plane {
                None => plane = Some(cell),
                Some(plane) if is_alike(&plane.sequence, &cell.sequence) => {
                    plane.sequence.frames = plane.sequence.frames.max(cell.sequence.frames);
                    plane.cells.extend(cell.cells);
                }
                Some(_) => return wrong("the cells of its grid are not alike"),
            }
        }
        let Some(plane) = plane else { return wrong("its grid is empty") };
        let covers = |cell: u32, count: u32, whole: u32| {
            let (cell, count, whole) = (u64::from(cell), u64::from(count), u64::from(whole));
            cell * (count - 1) < whole && whole <= cell * count && cell * count <= whole * 2 + 128
        };
        let cell = &plane.sequence;
        if !covers(cell.width, columns, width) || !covers(cell.height, rows, height) {
            return wrong(format!(
                "its grid of {columns}x{rows} cells of {}x{} does not make {width}x{height}",
                cell.width, cell.height
            ));
        }
        Ok(Plane { width, height, columns, ..plane })
    }

    /// The bytes of a cell.
    pub(super) fn stream<'a>(&self, bytes: &'a [u8], cell: &Cell) -> Option<Cow<'a, [u8]>> {
        payload(bytes, &cell.extents).ok()
    }

    /// The longest stream of a cell.
    pub(super) fn longest_stream(&self) -> u64 {
        let length = |cell: &Cell| cell.extents.iter().map(|part| part.end - part.start).sum();
        self.cells.iter().map(length).max().unwrap_or(0)
    }
}

/// Cells may differ in how many frames their streams have, not in what pixels those are.
fn is_alike(a: &Sequence, b: &Sequence) -> bool {
    Sequence { frames: 0, ..a.clone() } == Sequence { frames: 0, ..b.clone() }
}

/// What a grid says of itself.
struct Shape {
    columns: u32,
    rows: u32,
    width: u32,
    height: u32,
}

impl Shape {
    fn read(grid: &[u8], size: (u32, u32)) -> Result<Shape> {
        let mut reader = Reader::new(grid, 0..grid.len() as u64);
        let [_, flags, rows, columns] = reader.array()?;
        let wide = if flags & 1 == 0 { 2 } else { 4 };
        let (width, height) = (reader.uint(wide)? as u32, reader.uint(wide)? as u32);
        if (width, height) != size {
            return wrong(format!(
                "its grid says {width}x{height} and its container {}x{}",
                size.0, size.1
            ));
        }
        Ok(Shape { columns: u32::from(columns) + 1, rows: u32::from(rows) + 1, width, height })
    }
}

/// The `meta` box of the file.
fn meta_of(bytes: &[u8], complete: bool) -> Result<Meta> {
    let mut at = 0;
    // `ftyp`, `meta`, and a handful that may stand between them.
    for _ in 0..64 {
        let found = match boxes::at(bytes, at, None) {
            Err(Stopped::CutOff(_)) if complete && at == bytes.len() as u64 => break,
            found => found?,
        };
        if &found.kind == b"meta" {
            if found.content.end > bytes.len() as u64 {
                return Err(Stopped::CutOff(found.content.end));
            }
            return Meta::read(bytes, found.content);
        }
        at = found.content.end;
        if at > bytes.len() as u64 {
            return Err(Stopped::CutOff(at.saturating_add(16)));
        }
    }
    Err(Stopped::Unsupported("has frames and no still picture, which is not handled".to_owned()))
}

fn alpha_of(meta: &Meta, id: u32) -> Result<Option<u32>> {
    for from in meta.pointing_at(b"auxl", id) {
        if meta.properties(meta.item(from)?)?.contains(&&Property::Auxiliary(true)) {
            return Ok(Some(from));
        }
    }
    Ok(None)
}

/// A grid may have its alpha cell by cell.
fn alpha_of_cells(bytes: &[u8], meta: &Meta, colour: &Plane) -> Result<Option<Plane>> {
    let ids = meta.pointed_at(b"dimg", meta.primary);
    let mut alphas = Vec::new();
    for id in ids {
        match alpha_of(meta, *id)? {
            Some(alpha) => alphas.push(alpha),
            None if alphas.is_empty() => return Ok(None),
            None => return wrong("some cells of its grid have alpha and some have not"),
        }
    }
    let shape = Shape {
        columns: colour.columns,
        rows: (ids.len() as u32).div_ceil(colour.columns),
        width: colour.width,
        height: colour.height,
    };
    Plane::grid(bytes, meta, shape, &alphas).map(Some)
}

/// The parts of a file that make up one item.
type Extents = Vec<Range<u64>>;

/// Where EXIF and XMP are.
fn metadata(meta: &Meta) -> Result<(Extents, Extents)> {
    let (mut exif, mut xmp) = (Vec::new(), Vec::new());
    for from in meta.pointing_at(b"cdsc", meta.primary) {
        let item = meta.item(from)?;
        match &item.kind {
            b"Exif" => exif = item.extents.clone(),
            b"mime" if item.content_type == b"application/rdf+xml" => xmp = item.extents.clone(),
            _ => {}
        }
    }
    Ok((exif, xmp))
}

fn size(meta: &Meta, item: &Item) -> Result<(u32, u32)> {
    let properties = meta.properties(item)?;
    let size = properties.iter().find_map(|property| match property {
        Property::Size(width, height) => Some((*width, *height)),
        _ => None,
    });
    match size {
        Some((0, _) | (_, 0)) => wrong("its container says that it has no pixels"),
        Some(size) => Ok(size),
        None => wrong("its container does not say how large it is"),
    }
}

/// The bytes of an item: as they are, or put together from parts.
pub(super) fn payload<'a>(bytes: &'a [u8], extents: &[Range<u64>]) -> Result<Cow<'a, [u8]>> {
    let part = |range: &Range<u64>| {
        let end = usize::try_from(range.end).ok();
        let found = end.and_then(|end| bytes.get(range.start as usize..end));
        found.ok_or(Stopped::CutOff(range.end))
    };
    match extents {
        [] => wrong("one of its items has no bytes"),
        [only] => part(only).map(Cow::Borrowed),
        parts => {
            let mut whole = Vec::new();
            for range in parts {
                whole.extend_from_slice(part(range)?);
                // Parts may overlap; together they are no longer than the file.
                if whole.len() > bytes.len() {
                    return wrong("the parts of an item overlap");
                }
            }
            Ok(Cow::Owned(whole))
        }
    }
}
