//! The container of WebP: chunks with a four-letter name and a length, padded to even.

/// Flags of the VP8X chunk.
pub(super) const ANIMATED: u8 = 0x02;
pub(super) const XMP: u8 = 0x04;
pub(super) const EXIF: u8 = 0x08;
pub(super) const ALPHA: u8 = 0x10;
pub(super) const ICC: u8 = 0x20;

/// The chunks of a file that libwebp wrote.
pub(super) fn chunks(file: &[u8]) -> Vec<(&[u8; 4], &[u8])> {
    let mut chunks = Vec::new();
    let mut rest = file.get(12..).unwrap_or_default();
    while let Some((name, after)) = rest.split_first_chunk::<4>()
        && let Some((length, after)) = after.split_first_chunk::<4>()
        && let Some(content) = after.get(..u32::from_le_bytes(*length) as usize)
    {
        chunks.push((name, content));
        rest = after.get(content.len().next_multiple_of(2)..).unwrap_or_default();
    }
    chunks
}

/// Appends a chunk.
pub(super) fn push(file: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    file.extend_from_slice(name);
    file.extend_from_slice(&(content.len() as u32).to_le_bytes());
    file.extend_from_slice(content);
    if content.len() % 2 == 1 {
        file.push(0);
    }
}

/// Three bytes, low first.
pub(super) fn u24(value: u32) -> [u8; 3] {
    let [a, b, c, _] = value.to_le_bytes();
    [a, b, c]
}

/// The start of a file with extended features; its length is set by [`finish`].
pub(super) fn start(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    let mut content = vec![flags, 0, 0, 0];
    content.extend(u24(width - 1));
    content.extend(u24(height - 1));
    push(&mut file, b"VP8X", &content);
    file
}

/// Sets the length of a file that is complete.
pub(super) fn finish(mut file: Vec<u8>) -> Vec<u8> {
    let length = (file.len() as u32).wrapping_sub(8).to_le_bytes();
    file[4..8].copy_from_slice(&length);
    file
}
