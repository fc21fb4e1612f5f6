//! Colours that are named by the code points of H.273 instead of a profile.

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, MatrixCoefficients, TransferCharacteristics,
};

use super::super::super::color;

/// A bound for the bytes of a profile that is made here.
pub(super) const PROFILE: u64 = 16 << 10;

/// The profile that says the same; nothing where that is sRGB or unknown.
///
/// The curves of television (BT.709 and its kin) are for cameras; such pictures are shown with the curve of a screen, and
/// so are HDR ones for want of a better.
pub(super) fn profile(primaries: u16, transfer: u16) -> Option<Vec<u8>> {
    let primaries = match primaries {
        0 | 2 | 3 => CicpColorPrimaries::Bt709,
        code => CicpColorPrimaries::try_from(u8::try_from(code).ok()?).ok()?,
    };
    let transfer_characteristics = match transfer {
        4 | 5 | 7 | 8 => TransferCharacteristics::try_from(transfer as u8).ok()?,
        _ => TransferCharacteristics::Srgb,
    };
    let srgb = transfer_characteristics == TransferCharacteristics::Srgb;
    if matches!(primaries, CicpColorPrimaries::Reserved)
        || (srgb && matches!(primaries, CicpColorPrimaries::Bt709))
    {
        return None;
    }
    let code_points = CicpProfile {
        color_primaries: primaries,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::Bt709,
        full_range: true,
    };
    let mut profile = ColorProfile::new_from_cicp(code_points);
    // For readers that do not know the tag; the curves say it all.
    profile.cicp = None;
    color::unless_srgb(profile.encode().ok())
}

/// What to tell the user of a transfer that is not converted.
pub(super) fn warning(transfer: u16) -> Option<String> {
    let name = match transfer {
        16 => "PQ",
        18 => "HLG",
        _ => return None,
    };
    Some(format!("the avif is HDR ({name}); its brightness is left as it is stored"))
}
