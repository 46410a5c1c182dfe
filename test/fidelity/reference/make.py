"""Makes images of every kind, and what Pillow and numpy make of them: the reference that decoder and preprocessors are compared with.

    python3 -m venv .cache/reference && .cache/reference/bin/pip install pillow==13.0.0 numpy
    .cache/reference/bin/python test/fidelity/reference/make.py

Writes images/, reference.json and pixels.zlib beside itself. Every run gives the same pixels; files may differ with the codecs.
"""
import io
import json
import math
import pathlib
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageCms, ImageOps

HERE = pathlib.Path(__file__).parent
IMAGES = HERE / "images"
SIDE = 48
FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}

# Written anew here, from the models' own documentation, so that a slip in the product's table shows itself.
PRESETS = {
    "efficientnet-lite": {"crop": 256 / 224, "filter": "bicubic", "rescale": 1.0, "mean": [127] * 3, "std": [128] * 3},
    "imagenet": {"crop": 256 / 224, "filter": "bilinear", "rescale": 1 / 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    "clip": {"crop": 1.0, "filter": "bicubic", "rescale": 1 / 255, "mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]},
    "siglip": {"crop": None, "filter": "bicubic", "rescale": 1 / 255, "mean": [0.5] * 3, "std": [0.5] * 3},
    "dinov2": {"crop": 256 / 224, "filter": "bicubic", "rescale": 1 / 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
}


def paint(width, height):
    """Slopes, a disc, stripes and a little noise: nothing is symmetric, no channel is like another."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    disc = ((x - 0.62) ** 2 + (y - 0.4) ** 2) < 0.05
    stripes = np.floor(x * 9 + y * 4) % 2
    noise = np.random.default_rng(width * 10007 + height).normal(0, 4, (height, width))
    red = 40 + 170 * x + 40 * disc
    green = 200 - 140 * y - 60 * stripes * (x < 0.4)
    blue = 60 + 120 * x * y + 70 * (~disc) * (y > 0.7)
    return np.clip(np.stack([red, green, blue], -1) + noise[..., None], 0, 255).round().astype(np.uint8)


def photo(width, height):
    return Image.fromarray(paint(width, height))


def alpha(width, height):
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    return Image.fromarray(np.clip(320 * x * (1 - y * y), 0, 255).astype(np.uint8))


def with_alpha(image):
    made = image.copy()
    made.putalpha(alpha(*image.size))
    return made


def png16(array):
    """A PNG of 16 bits a channel, which Pillow does not write for colours."""
    height, width = array.shape[:2]
    colour = 2 if array.ndim == 3 else 0
    rows = array.astype(">u2").reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def profile(name, primaries, gamma):
    """An ICC profile of version 2: a matrix and one power curve, with D65 as white, adapted to D50 by Bradford."""
    d65 = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    d50 = np.array([0.9642, 1, 0.8249])
    xyz = np.array([[px / py, 1, (1 - px - py) / py] for px, py in primaries]).T
    matrix = xyz * np.linalg.solve(xyz, d65)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    adapt = np.linalg.inv(bradford) @ np.diag((bradford @ d50) / (bradford @ d65)) @ bradford
    matrix = adapt @ matrix

    def xyz_tag(values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    text = name.encode() + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    tags = [(b"desc", description), (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", xyz_tag(d50))]
    tags += [(key, xyz_tag(matrix[:, column])) for column, key in enumerate([b"rXYZ", b"gXYZ", b"bXYZ"])]
    tags += [(key, curve) for key in [b"rTRC", b"gTRC", b"bTRC"]]
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for key, data in tags:
        data += b"\0" * (-len(data) % 4)
        table += key + struct.pack(">II", offset + len(body), len(data))
        body += data
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    header += b"".join(struct.pack(">i", round(value * 65536)) for value in d50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


P3 = profile("P3, gamma 2.2", [(0.68, 0.32), (0.265, 0.69), (0.15, 0.06)], 2.2)
ADOBE = profile("Adobe RGB primaries, gamma 2.2", [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)], 2.2)


def files():
    """Name and bytes of each image."""

    def save(image, form, **options):
        buffer = io.BytesIO()
        image.save(buffer, form, **options)
        return buffer.getvalue()

    for width, height in [(1, 1), (2, 3), (1, 300), (300, 1), (31, 17), (47, 47), (48, 48), (49, 50), (64, 64), (100, 60), (60, 100), (224, 224), (257, 255)]:
        yield f"{width}x{height}.png", save(photo(width, height), "PNG", optimize=True)
    for width, height in [(333, 500), (640, 480), (480, 640), (1200, 90), (8000, 200), (90, 3000)]:
        yield f"{width}x{height}.jpg", save(photo(width, height), "JPEG", quality=85)
    base = photo(200, 150)
    yield "grey.png", save(base.convert("L"), "PNG")
    yield "grey.jpg", save(base.convert("L"), "JPEG", quality=90)
    yield "grey-alpha.png", save(with_alpha(base.convert("L")), "PNG")
    yield "alpha.png", save(with_alpha(base), "PNG")
    yield "palette.png", save(base.quantize(64), "PNG")
    yield "palette-transparent.png", save(base.quantize(32), "PNG", transparency=3)
    yield "one-bit.png", save(base.convert("1"), "PNG")
    yield "grey-16-bit.png", png16(paint(120, 90)[..., 0].astype(np.uint16) * 257 + 31)
    yield "16-bit.png", png16(paint(120, 90).astype(np.uint16) * 257 + 31)
    yield "cmyk.jpg", save(base.convert("CMYK"), "JPEG", quality=95)
    yield "frame.gif", save(base.quantize(128), "GIF")
    yield "lossy.webp", save(base, "WEBP", quality=85)
    yield "lossless-alpha.webp", save(with_alpha(base), "WEBP", lossless=True, exact=True)
    yield "lzw.tiff", save(base, "TIFF", compression="tiff_lzw")
    yield "progressive.jpg", save(base, "JPEG", quality=85, progressive=True)
    yield "full-chroma.jpg", save(base, "JPEG", quality=85, subsampling=0)
    yield "coarse.jpg", save(base, "JPEG", quality=20)
    yield "p3.png", save(base, "PNG", icc_profile=P3)
    yield "p3.jpg", save(base, "JPEG", quality=92, icc_profile=P3)
    yield "adobe-rgb.png", save(base, "PNG", icc_profile=ADOBE)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"orientation-{orientation}.jpg", save(photo(160, 100), "JPEG", quality=85, exif=exif)


def decode(data):
    """Upright sRGB of 8 bits, transparency on white."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    icc = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.float64) / 257).round().astype(np.uint8)).convert("RGB")
    if image.mode in ("LA", "RGBA", "P", "PA"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    if icc is not None:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), renderingIntent=intent, outputMode="RGB")
    return image


def half_up(value):
    return math.floor(value + 0.5)


def crop(image, scale, name):
    width, height = image.size
    shorter = half_up(SIDE * scale)
    across, down = (half_up(side * shorter / min(width, height)) for side in (width, height))
    left, top = (across - SIDE) // 2, (down - SIDE) // 2
    return image.resize((across, down), FILTERS[name]).crop((left, top, left + SIDE, top + SIDE))


def letterbox(image):
    width, height = image.size
    across, down = (max(1, half_up(side * SIDE / max(width, height))) for side in (width, height))
    canvas = Image.new("RGB", (SIDE, SIDE))
    canvas.paste(image.resize((across, down), FILTERS["bilinear"]), ((SIDE - across) // 2, (SIDE - down) // 2))
    return canvas


GEOMETRIES = {
    "efficientnet-lite": lambda image: crop(image, 256 / 224, "bicubic"),
    "imagenet": lambda image: crop(image, 256 / 224, "bilinear"),
    "clip": lambda image: crop(image, 1, "bicubic"),
    "siglip": lambda image: image.resize((SIDE, SIDE), FILTERS["bicubic"]),
    "letterbox": letterbox,
}


def normalized():
    """Every 8-bit value in every channel, normalised in float64: one list a preset, 256 numbers a channel."""
    values = np.arange(256, dtype=np.float64)
    return {
        name: [[float(np.float32((value * p["rescale"] - p["mean"][c]) / p["std"][c])) for value in values] for c in range(3)]
        for name, p in PRESETS.items()
    }


def main():
    IMAGES.mkdir(exist_ok=True)
    names, pixels = [], b""
    for name, data in files():
        (IMAGES / name).write_bytes(data)
        names.append(name)
        image = decode(data)
        pixels += b"".join(np.asarray(make(image)).tobytes() for make in GEOMETRIES.values())
    (HERE / "pixels.zlib").write_bytes(zlib.compress(pixels, 9))
    made = {"pillow": PIL.__version__, "numpy": np.__version__, "side": SIDE, "geometries": list(GEOMETRIES), "images": names, "normalized": normalized()}
    (HERE / "reference.json").write_text(json.dumps(made, separators=(",", ":")) + "\n")


main()
