#!/usr/bin/env python3
"""Checks thumbnails against a reference that shares no code with brawn: Pillow.

    bench/psnr.py --photos DIR --thumbs DIR [--min 32] [--limit N] [--json]

Each photo is decoded in full, turned upright by its EXIF tag, converted to sRGB when a profile is embedded, and
resized by Pillow's Lanczos to the thumbnail's size; then the PSNR over R, G and B is taken. A thumbnail belongs to
the photo whose name (without extension) it has, or starts with; --photos may also be one photo that all thumbnails
belong to. Transparent pictures are compared on white.

Exit: 0 all at least --min decibels, 1 some below it or of another shape than their photo, 2 nothing to compare,
3 no Pillow (pip install pillow).
"""

import argparse
import io
import json
import math
import pathlib
import sys

try:
    from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat
except ImportError:
    print("psnr.py needs Pillow: pip install pillow", file=sys.stderr)
    sys.exit(3)

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".gif"}
SRGB = ImageCms.createProfile("sRGB")


def picture(path):
    """A picture as a viewer shows it: upright, sRGB, RGB or RGBA."""
    image = Image.open(path)
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    image = image.convert("RGB") if image.mode in ("P", "RGBA", "PA") else image
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
            image = ImageCms.profileToProfile(image, source, SRGB, renderingIntent=intent, outputMode="RGB")
        except ImageCms.PyCMSError as error:
            print(f"{path.name}: profile not used: {error}", file=sys.stderr)
    image = image.convert("RGB")
    if alpha:
        image.putalpha(alpha)
    return image


def on_white(image):
    if image.mode != "RGBA":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def reference(photo, size):
    if photo.mode == "RGBA":  # weighted by alpha, or the colour of invisible pixels leaks in
        return on_white(photo.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA"))
    return photo.resize(size, Image.Resampling.LANCZOS)


def psnr(one, other):
    squares = ImageStat.Stat(ImageChops.difference(one, other)).sum2
    mse = sum(squares) / (len(squares) * one.width * one.height)
    return 99.0 if mse == 0 else min(99.0, 10 * math.log10(255 * 255 / mse))


def same_shape(photo, size):
    """Whether `size` is the photo's shape, up to rounding to whole pixels."""
    width, height = size
    return abs(photo.width * height - photo.height * width) <= max(photo.width, photo.height)


def pairs(photos, thumbs):
    """Each photo with its thumbnails."""
    files = sorted(path for path in thumbs.rglob("*") if path.suffix.lower() in PICTURES)
    if photos.is_file():
        return [(photos, files)]
    owned = {}
    sources = {path.stem: path for path in sorted(photos.rglob("*")) if path.suffix.lower() in PICTURES}
    for file in files:
        stems = [stem for stem in sources if file.stem.startswith(stem)]
        if stems:
            owned.setdefault(sources[max(stems, key=len)], []).append(file)
    return sorted(owned.items())


def spread_over(items, limit):
    """`limit` of the items, evenly spread."""
    if not limit or limit >= len(items):
        return items
    return [items[index * len(items) // limit] for index in range(limit)]


def main():
    parser = argparse.ArgumentParser(description="PSNR of thumbnails against Pillow's Lanczos.")
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="the originals: a folder, or one photo")
    parser.add_argument("--thumbs", type=pathlib.Path, required=True, help="the folder of thumbnails")
    parser.add_argument("--min", type=float, default=32.0, help="decibels that each must reach (default 32)")
    parser.add_argument("--limit", type=int, default=0, help="only so many photos, evenly spread")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    options = parser.parse_args()

    Image.MAX_IMAGE_PIXELS = None
    rows = []
    for path, thumbs in spread_over(pairs(options.photos, options.thumbs), options.limit):
        photo = picture(path)
        for thumb in thumbs:
            made = on_white(picture(thumb))
            if same_shape(photo, made.size):
                value = psnr(made, reference(photo, made.size))
            else:
                value = None
            rows.append((path.name, thumb.name, made.size, value))
    if not rows:
        print(f"psnr.py: no thumbnail in {options.thumbs} belongs to a photo in {options.photos}", file=sys.stderr)
        return 2

    values = [value for *_, value in rows if value is not None]
    misshapen = [thumb for _, thumb, _, value in rows if value is None]
    low = [thumb for _, thumb, _, value in rows if value is not None and value < options.min]
    summary = {
        "thumbnails": len(rows),
        "mean": round(sum(values) / len(values), 2) if values else 0.0,
        "worst": round(min(values), 2) if values else 0.0,
        "misshapen": misshapen,
    }
    if options.json:
        print(json.dumps(summary))
    else:
        for photo, thumb, (width, height), value in rows:
            verdict = "another shape" if value is None else f"{value:6.2f} dB"
            print(f"{verdict}  {width:>4} x {height:<4}  {thumb}  of {photo}")
        print(f"{len(rows)} thumbnails: mean {summary['mean']} dB, worst {summary['worst']} dB,")
        print(f"{len(low)} below {options.min} dB, {len(misshapen)} of another shape")
    return 1 if low or misshapen else 0


if __name__ == "__main__":
    sys.exit(main())
