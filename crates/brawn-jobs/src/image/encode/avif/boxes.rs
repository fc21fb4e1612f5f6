//! The boxes around AV1 streams: HEIF, as the AVIF specification asks for it.

use brawn_av1::Stream;

use super::super::Metadata;

/// What the colours mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Colours {
    /// Primaries, transfer, matrix, in full range.
    pub(super) codes: [u16; 3],
    pub(super) channels: u8,
}

/// Everything that is written.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) size: (u32, u32),
    pub(super) colours: Colours,
    pub(super) stream: &'a Stream,
    pub(super) alpha: Option<&'a Stream>,
    pub(super) metadata: &'a Metadata,
}

/// An item of the file: its id is its place, from 1.
struct Item<'a> {
    kind: &'static [u8; 4],
    /// That it belongs to item 1, and how.
    reference: Option<&'static [u8; 4]>,
    /// Written before `bytes`.
    prefix: &'static [u8],
    bytes: &'a [u8],
    /// Indices of its properties, from 1; the high bit says that they must be understood.
    properties: &'static [u8],
}

const ESSENTIAL: u8 = 0x80;

impl File<'_> {
    pub(super) fn write(&self) -> Vec<u8> {
        let items = self.items();
        let brands = b"avif\0\0\0\0avifmif1miaf";
        let mut file = boxed(b"ftyp", brands);
        // Where the items are depends on how long the list of them is, which does not depend on where they are.
        let head = file.len() + self.meta(&items, 0).len() + 8;
        file.extend(self.meta(&items, head));
        let length: usize = items.iter().map(|item| item.prefix.len() + item.bytes.len()).sum();
        file.reserve_exact(length + 8);
        file.extend((length as u32 + 8).to_be_bytes());
        file.extend(b"mdat");
        for item in &items {
            file.extend_from_slice(item.prefix);
            file.extend_from_slice(item.bytes);
        }
        file
    }

    fn items(&self) -> Vec<Item<'_>> {
        // In the order of `properties`.
        let colours: &[u8] = match self.metadata.icc {
            None => &[1, 2, ESSENTIAL | 3, 4],
            Some(_) => &[1, 2, ESSENTIAL | 3, 4, 5],
        };
        let alpha: &[u8] = match self.metadata.icc {
            None => &[1, 5, ESSENTIAL | 6, 7],
            Some(_) => &[1, 6, ESSENTIAL | 7, 8],
        };
        let item = |kind, reference, prefix: &'static [u8], bytes, properties| Item {
            kind,
            reference,
            prefix,
            bytes,
            properties,
        };
        let mut items = vec![item(b"av01", None, b"", self.stream.bytes.as_slice(), colours)];
        if let Some(stream) = self.alpha {
            items.push(item(b"av01", Some(b"auxl"), b"", &stream.bytes, alpha));
        }
        if let Some(exif) = &self.metadata.exif {
            // The TIFF header is right behind this number.
            items.push(item(b"Exif", Some(b"cdsc"), &[0; 4], exif, &[]));
        }
        if let Some(xmp) = &self.metadata.xmp {
            items.push(item(b"mime", Some(b"cdsc"), b"", xmp, &[]));
        }
        items
    }

    /// The `meta` box of a file whose items start at `start`.
    fn meta(&self, items: &[Item<'_>], start: usize) -> Vec<u8> {
        let mut content = Vec::new();
        content.extend(full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"));
        content.extend(full(b"pitm", 0, &1_u16.to_be_bytes()));
        content.extend(locations(items, start));
        content.extend(infos(items));
        content.extend(references(items));
        let properties = [boxed(b"ipco", &self.properties()), associations(items)].concat();
        content.extend(boxed(b"iprp", &properties));
        full(b"meta", 0, &content)
    }

    fn properties(&self) -> Vec<u8> {
        let (width, height) = self.size;
        let Colours { codes, channels } = self.colours;
        let depths = |channels: u8| {
            let mut content = vec![channels];
            content.extend((0..channels).map(|_| 8));
            full(b"pixi", 0, &content)
        };
        let mut nclx = b"nclx".to_vec();
        nclx.extend(codes.into_iter().flat_map(u16::to_be_bytes));
        nclx.push(0x80);
        let mut all = vec![
            full(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat()),
            depths(channels),
            boxed(b"av1C", &self.stream.configuration),
            boxed(b"colr", &nclx),
        ];
        if let Some(icc) = &self.metadata.icc {
            all.push(boxed(b"colr", &[b"prof", icc.as_slice()].concat()));
        }
        if let Some(stream) = self.alpha {
            all.push(depths(1));
            all.push(boxed(b"av1C", &stream.configuration));
            all.push(full(b"auxC", 0, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"));
        }
        all.concat()
    }
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = (content.len() as u32 + 8).to_be_bytes();
    [&size, kind.as_slice(), content].concat()
}

/// A box with a version (and no flags).
fn full(kind: &[u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], content].concat())
}

fn ids<'a, 'b>(items: &'a [Item<'b>]) -> impl Iterator<Item = (u16, &'a Item<'b>)> {
    (1..).zip(items)
}

fn locations(items: &[Item<'_>], start: usize) -> Vec<u8> {
    // Offsets and lengths have 4 bytes, bases none.
    let mut content = vec![0x44, 0];
    content.extend((items.len() as u16).to_be_bytes());
    let mut at = start as u32;
    for (id, item) in ids(items) {
        let length = (item.prefix.len() + item.bytes.len()) as u32;
        content.extend(id.to_be_bytes());
        content.extend([0, 0, 0, 1]);
        content.extend(at.to_be_bytes());
        content.extend(length.to_be_bytes());
        at = at.saturating_add(length);
    }
    full(b"iloc", 0, &content)
}

fn infos(items: &[Item<'_>]) -> Vec<u8> {
    let mut content = (items.len() as u16).to_be_bytes().to_vec();
    for (id, item) in ids(items) {
        let mut info = id.to_be_bytes().to_vec();
        info.extend([0, 0]);
        info.extend(item.kind);
        // Without a name.
        info.push(0);
        if item.kind == b"mime" {
            info.extend(b"application/rdf+xml\0");
        }
        content.extend(full(b"infe", 2, &info));
    }
    full(b"iinf", 0, &content)
}

fn references(items: &[Item<'_>]) -> Vec<u8> {
    let mut content = Vec::new();
    for (id, item) in ids(items) {
        if let Some(kind) = item.reference {
            content.extend(boxed(kind, &[id.to_be_bytes(), [0, 1], [0, 1]].concat()));
        }
    }
    if content.is_empty() { content } else { full(b"iref", 0, &content) }
}

fn associations(items: &[Item<'_>]) -> Vec<u8> {
    let with: Vec<_> = ids(items).filter(|(_, item)| !item.properties.is_empty()).collect();
    let mut content = (with.len() as u32).to_be_bytes().to_vec();
    for (id, item) in with {
        content.extend(id.to_be_bytes());
        content.push(item.properties.len() as u8);
        content.extend(item.properties);
    }
    full(b"ipma", 0, &content)
}
