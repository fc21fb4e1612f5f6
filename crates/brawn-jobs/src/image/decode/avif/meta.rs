//! The `meta` box: which items a file holds, where their bytes are, and what is said about them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::boxes::{self, Boxed, Reader, Result, Stopped, name, wrong};

/// More items than any camera or encoder writes: 64 x 64 cells with alpha.
const MOST_ITEMS: u64 = 8_200;

/// Parts that an item's bytes may be in.
const MOST_EXTENTS: u64 = 64;

#[derive(Clone, Debug, Default)]
pub(super) struct Meta {
    pub(super) primary: u32,
    items: BTreeMap<u32, Item>,
    references: Vec<Reference>,
    properties: Vec<Property>,
}

/// Something stored in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    /// `av01` is a picture, `grid` one made of others, `Exif` and `mime` are metadata.
    pub(super) kind: [u8; 4],
    /// Of a `mime` item.
    pub(super) content_type: Vec<u8>,
    /// Where its bytes are in the file.
    pub(super) extents: Vec<Range<u64>>,
    /// Indices into the properties, from 1, and whether a reader must understand them.
    properties: Vec<(u16, bool)>,
}

/// That one item points at others.
#[derive(Clone, Debug)]
struct Reference {
    kind: [u8; 4],
    from: u32,
    to: Vec<u32>,
}

/// What is said about items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Property {
    /// `ispe`.
    Size(u32, u32),
    /// `colr` with a profile, which stands there.
    Icc(Range<u64>),
    /// `colr` with code points: primaries, transfer, matrix, whether the range is full.
    Nclx([u16; 3], bool),
    /// `auxC`: whether it is alpha.
    Auxiliary(bool),
    /// `irot`: quarter turns against the clock.
    Rotation(u8),
    /// `imir`: 0 exchanges top and bottom, 1 left and right.
    Mirror(u8),
    /// `a1op`.
    OperatingPoint(u8),
    /// `lsel`: 0xffff is none in particular.
    Layer(u16),
    /// Known, and of no matter for the pixels: `pixi`, `av1C`, `pasp`, ...
    Known,
    Other([u8; 4]),
}

impl Meta {
    /// Reads the content of a `meta` box, all of which is in `bytes`.
    pub(super) fn read(bytes: &[u8], content: Range<u64>) -> Result<Meta> {
        let mut reader = Reader::new(bytes, content.clone());
        reader.version_and_flags()?;
        let mut meta = Meta::default();
        let mut idat = None;
        let mut locations = None;
        for child in boxes::children(bytes, reader.at..content.end) {
            let Boxed { kind, content } = child?;
            let mut reader = Reader::new(bytes, content.clone());
            match &kind {
                b"pitm" => {
                    let (version, _) = reader.version_and_flags()?;
                    meta.primary = reader.uint(if version == 0 { 2 } else { 4 })? as u32;
                }
                b"iinf" => meta.infos(bytes, reader)?,
                b"iref" => meta.references(bytes, reader)?,
                b"iprp" => meta.item_properties(bytes, content)?,
                b"iloc" => locations = Some(reader),
                b"idat" => idat = Some(content),
                _ => {}
            }
        }
        if let Some(locations) = locations {
            meta.locations(locations, idat)?;
        }
        Ok(meta)
    }

    pub(super) fn item(&self, id: u32) -> Result<&Item> {
        match self.items.get(&id) {
            Some(item) => Ok(item),
            None => wrong(format!("it refers to item {id}, which it does not have")),
        }
    }

    /// The items that point at `id` with a reference of this kind.
    pub(super) fn pointing_at(&self, kind: &[u8; 4], id: u32) -> impl Iterator<Item = u32> {
        let kind = *kind;
        self.references
            .iter()
            .filter(move |reference| reference.kind == kind && reference.to.contains(&id))
            .map(|reference| reference.from)
    }

    /// The items that `id` points at with a reference of this kind.
    pub(super) fn pointed_at(&self, kind: &[u8; 4], id: u32) -> &[u32] {
        let mut all = self.references.iter();
        let found = all.find(|reference| reference.kind == *kind && reference.from == id);
        found.map_or(&[], |reference| &reference.to)
    }

    /// What is said about an item, in order; refused when a reader must understand it and this one does not.
    pub(super) fn properties(&self, item: &Item) -> Result<Vec<&Property>> {
        item.properties
            .iter()
            .filter(|(index, _)| *index > 0)
            .map(|(index, essential)| match self.properties.get(usize::from(*index) - 1) {
                None => wrong(format!("it refers to property {index}, which it does not have")),
                Some(Property::Other(kind)) if *essential => Err(Stopped::Unsupported(format!(
                    "needs the property `{}`, which is not handled",
                    name(*kind)
                ))),
                Some(property) => Ok(property),
            })
            .collect()
    }

    fn infos(&mut self, bytes: &[u8], mut reader: Reader<'_>) -> Result<()> {
        let (version, _) = reader.version_and_flags()?;
        let count = reader.uint(if version == 0 { 2 } else { 4 })?;
        if count > MOST_ITEMS {
            return Err(too_many(count, "items", MOST_ITEMS));
        }
        let end = reader.at + reader.left();
        for child in boxes::children(bytes, reader.at..end).take(count as usize) {
            let Boxed { kind, content } = child?;
            if &kind != b"infe" {
                continue;
            }
            let mut reader = Reader::new(bytes, content);
            let (version, _) = reader.version_and_flags()?;
            if version < 2 {
                continue;
            }
            let id = reader.uint(if version == 2 { 2 } else { 4 })? as u32;
            reader.u16()?;
            let kind = reader.array()?;
            let item = self.items.entry(id).or_default();
            item.kind = kind;
            if &kind == b"mime" {
                reader.text()?;
                item.content_type = reader.text()?.to_vec();
            }
        }
        Ok(())
    }

    fn locations(&mut self, mut reader: Reader<'_>, idat: Option<Range<u64>>) -> Result<()> {
        let (version, _) = reader.version_and_flags()?;
        let sizes = reader.u16()?;
        let [offset_size, length_size, base_size, index_size] =
            [12, 8, 4, 0].map(|shift| (sizes >> shift & 15) as u8);
        if [offset_size, length_size, base_size, index_size].into_iter().any(|size| size > 8) {
            return wrong("its `iloc` box has numbers of more than 8 bytes");
        }
        let wide = if version < 2 { 2 } else { 4 };
        let count = reader.uint(wide)?;
        if count > MOST_ITEMS {
            return Err(too_many(count, "items", MOST_ITEMS));
        }
        for _ in 0..count {
            let id = reader.uint(wide)? as u32;
            let method = if version == 0 { 0 } else { reader.u16()? & 15 };
            let _data_reference = reader.u16()?;
            let base = reader.uint(base_size)?;
            let extents = u64::from(reader.u16()?);
            if extents > MOST_EXTENTS {
                return Err(too_many(extents, "parts of one item", MOST_EXTENTS));
            }
            let mut places = Vec::new();
            for _ in 0..extents {
                if version > 0 {
                    reader.uint(index_size)?;
                }
                let offset = reader.uint(offset_size)?;
                let length = reader.uint(length_size)?;
                // Item 0 of method 1 is the `idat` box.
                let (start, end) = match (method, &idat) {
                    (0, _) => (0, u64::MAX),
                    (1, Some(idat)) => (idat.start, idat.end),
                    _ => return wrong(format!("item {id} is nowhere")),
                };
                let start = start.checked_add(base).and_then(|sum| sum.checked_add(offset));
                let stop = start.and_then(|start| match length {
                    0 => None,
                    length => start.checked_add(length),
                });
                match (start, stop) {
                    (Some(start), Some(stop)) if stop <= end => places.push(start..stop),
                    _ => return wrong(format!("item {id} lies outside of the file")),
                }
            }
            if let Some(item) = self.items.get_mut(&id) {
                item.extents = places;
            }
        }
        Ok(())
    }

    fn references(&mut self, bytes: &[u8], mut reader: Reader<'_>) -> Result<()> {
        let (version, _) = reader.version_and_flags()?;
        let wide = if version == 0 { 2 } else { 4 };
        let end = reader.at + reader.left();
        for child in boxes::children(bytes, reader.at..end) {
            let Boxed { kind, content } = child?;
            let mut reader = Reader::new(bytes, content);
            let from = reader.uint(wide)? as u32;
            let count = reader.u16()?;
            let to = (0..count).map(|_| Ok(reader.uint(wide)? as u32)).collect::<Result<_>>()?;
            self.references.push(Reference { kind, from, to });
            if self.references.len() as u64 > MOST_ITEMS {
                return Err(too_many(MOST_ITEMS + 1, "references", MOST_ITEMS));
            }
        }
        Ok(())
    }

    fn item_properties(&mut self, bytes: &[u8], content: Range<u64>) -> Result<()> {
        for child in boxes::children(bytes, content) {
            let Boxed { kind, content } = child?;
            match &kind {
                b"ipco" => {
                    for property in boxes::children(bytes, content) {
                        self.properties.push(property_of(bytes, property?)?);
                    }
                }
                b"ipma" => self.associations(Reader::new(bytes, content))?,
                _ => {}
            }
        }
        Ok(())
    }

    fn associations(&mut self, mut reader: Reader<'_>) -> Result<()> {
        let (version, flags) = reader.version_and_flags()?;
        let count = reader.u32()?;
        for _ in 0..count {
            let id = reader.uint(if version == 0 { 2 } else { 4 })? as u32;
            let mut properties = Vec::new();
            for _ in 0..reader.u8()? {
                let entry = if flags & 1 == 1 {
                    reader.u16()?
                } else {
                    let entry = u16::from(reader.u8()?);
                    (entry & 0x80) << 8 | (entry & 0x7f)
                };
                properties.push((entry & 0x7fff, entry & 0x8000 != 0));
            }
            if let Some(item) = self.items.get_mut(&id) {
                item.properties.extend(properties);
            }
        }
        Ok(())
    }
}

fn property_of(bytes: &[u8], Boxed { kind, content }: Boxed) -> Result<Property> {
    let mut reader = Reader::new(bytes, content.clone());
    Ok(match &kind {
        b"ispe" => {
            reader.version_and_flags()?;
            Property::Size(reader.u32()?, reader.u32()?)
        }
        b"colr" => match &reader.array()? {
            b"nclx" => {
                let codes = [reader.u16()?, reader.u16()?, reader.u16()?];
                Property::Nclx(codes, reader.u8()? & 0x80 != 0)
            }
            b"rICC" | b"prof" => Property::Icc(reader.at..content.end),
            _ => Property::Known,
        },
        b"auxC" => {
            reader.version_and_flags()?;
            let urn = reader.text()?;
            Property::Auxiliary(
                urn == b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
                    || urn == b"urn:mpeg:hevc:2015:auxid:1",
            )
        }
        b"irot" => Property::Rotation(reader.u8()? & 3),
        b"imir" => Property::Mirror(reader.u8()? & 1),
        b"a1op" => Property::OperatingPoint(reader.u8()?),
        b"lsel" => Property::Layer(reader.u16()?),
        b"av1C" | b"pixi" | b"pasp" | b"a1lx" | b"clli" | b"mdcv" | b"cclv" | b"amve" => {
            Property::Known
        }
        _ => Property::Other(kind),
    })
}

fn too_many(count: u64, what: &str, most: u64) -> Stopped {
    Stopped::Unsupported(format!("has {count} {what}, more than {most}"))
}
