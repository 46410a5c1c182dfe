"""Makes images of every kind, and what Pillow makes of them, and numpy's and JAX's numbers: the reference that decoder and preprocessors are compared with.

    python3 -m venv .cache/reference && .cache/reference/bin/pip install pillow==13.0.0 numpy jax==0.4.38
    .cache/reference/bin/python test/fidelity/reference/make.py

Writes images/, reference.json and the .zlib files beside itself. Every run gives the same pixels; files may differ with the codecs.
"""
import io
import json
import math
import pathlib
import struct
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import PIL
from PIL import Image, ImageCms, ImageOps

HERE = pathlib.Path(__file__).parent
IMAGES = HERE / "images"
GOLDEN = HERE.parent / "golden"
# Of what comes out: not square, so that no swap of sides can hide.
WIDTH, HEIGHT = 56, 40
# Of the shipped model.
MODEL_SIDE = 224
FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}

# Written anew here, from the models' own documentation, so that a slip in the product's table shows itself.
PRESETS = {
    "efficientnet-lite": {"crop": 256 / 224, "filter": "bicubic", "rescale": 1.0, "mean": [127] * 3, "std": [128] * 3},
    "imagenet": {"crop": 256 / 224, "filter": "bilinear", "rescale": 1 / 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    "clip": {"crop": 1.0, "filter": "bicubic", "rescale": 1 / 255, "mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]},
    "siglip": {"crop": None, "filter": "bicubic", "rescale": 1 / 255, "mean": [0.5] * 3, "std": [0.5] * 3},
    "dinov2": {"crop": 256 / 224, "filter": "bicubic", "rescale": 1 / 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    "none": {"crop": None, "filter": "bicubic", "rescale": 1.0, "mean": [0] * 3, "std": [1] * 3},
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


def with_black(image):
    """Four inks, with the grey part of the colours in black."""
    inks = 255 - np.asarray(image).astype(np.int16)
    black = inks.min(-1, keepdims=True) // 2
    return Image.fromarray(np.concatenate([inks - black, black], -1).astype(np.uint8), "CMYK")


def two_colours(image):
    """A palette of two, in one bit a pixel."""
    made = Image.fromarray((np.asarray(image.convert("1")) > 0).astype(np.uint8), "P")
    made.putpalette([20, 30, 90, 250, 240, 200])
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


D50 = np.array([0.9642, 1, 0.8249])


def icc(device_class, space, connection, tags):
    """The file of an ICC profile of version 2."""
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for key, data in tags:
        data += b"\0" * (-len(data) % 4)
        table += key + struct.pack(">II", offset + len(body), len(data))
        body += data
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02400000, device_class, space, connection)
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    header += b"".join(struct.pack(">i", round(value * 65536)) for value in D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def xyz_tag(values):
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def names(name):
    text = name.encode() + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    return [(b"desc", description), (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", xyz_tag(D50))]


def press(name):
    """A profile of four inks by table, of a press that prints pale and yellowish: far from 255 - ink."""
    grid = 9
    steps = np.linspace(0, 1, grid)
    cyan, magenta, yellow, black = np.meshgrid(steps, steps, steps, steps, indexing="ij")
    light = [1 - 0.85 * cyan**0.8, 1 - 0.8 * magenta**0.8, 0.92 - 0.7 * yellow**0.8]
    red, green, blue = ((0.06 + 0.94 * share * (1 - 0.9 * black)) ** 2.2 for share in light)
    matrix = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
    relative = np.tensordot(matrix, np.stack([red, green, blue]), 1) / D50[:, None, None, None, None]
    root = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    lab = np.stack([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])], -1)
    nodes = np.clip((lab * [2.55, 1, 1] + [0, 128, 128]).round(), 0, 255).astype(np.uint8).tobytes()
    identity = b"".join(struct.pack(">i", value * 65536) for value in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    table = b"mft1\0\0\0\0" + bytes([4, 3, grid, 0]) + identity + bytes(range(256)) * 4 + nodes + bytes(range(256)) * 3
    return icc(b"prtr", b"CMYK", b"Lab ", names(name) + [(b"A2B0", table)])


def profile(name, primaries, gamma):
    """A matrix and one power curve, with D65 as white, adapted to D50 by Bradford."""
    d65 = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    xyz = np.array([[px / py, 1, (1 - px - py) / py] for px, py in primaries]).T
    matrix = xyz * np.linalg.solve(xyz, d65)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    adapt = np.linalg.inv(bradford) @ np.diag((bradford @ D50) / (bradford @ d65)) @ bradford
    matrix = adapt @ matrix

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    tags = [(key, xyz_tag(matrix[:, column])) for column, key in enumerate([b"rXYZ", b"gXYZ", b"bXYZ"])]
    tags += [(key, curve) for key in [b"rTRC", b"gTRC", b"bTRC"]]
    return icc(b"mntr", b"RGB ", b"XYZ ", names(name) + tags)


P3 = profile("P3, gamma 2.2", [(0.68, 0.32), (0.265, 0.69), (0.15, 0.06)], 2.2)
ADOBE = profile("Adobe RGB primaries, gamma 2.2", [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)], 2.2)
PRESS = press("a pale press")


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
    yield "two-colours.png", save(two_colours(base), "PNG")
    yield "one-bit-large.png", save(photo(960, 704).convert("1"), "PNG", optimize=True)
    yield "one-bit.tiff", save(photo(500, 400).convert("1"), "TIFF")
    yield "cmyk.jpg", save(base.convert("CMYK"), "JPEG", quality=95)
    yield "cmyk.tiff", save(with_black(photo(90, 120)), "TIFF", compression="tiff_lzw")
    yield "cmyk-profile.jpg", save(with_black(base), "JPEG", quality=95, icc_profile=PRESS)
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


def large_files():
    """Photos of which a JPEG decoder can leave out a half, three quarters or seven eighths while it reads them: name and bytes."""
    for name, source, factor in [("large-2.jpg", "coffee.jpg", 2.75), ("large-4.jpg", "retina.jpg", 4.25), ("large-8.jpg", "rocket.jpg", 9.75)]:
        image = Image.open(GOLDEN / source).convert("RGB")
        size = [half_up(side * factor) for side in image.size]
        grain = np.random.default_rng(7).normal(0, 2, (size[1] // 2 + 1, size[0] // 2 + 1))
        coarse = Image.fromarray(np.clip(grain * 16 + 128, 0, 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
        pixels = np.asarray(image.resize(size, Image.Resampling.LANCZOS)) + (np.asarray(coarse)[..., None] / 16 - 8)
        buffer = io.BytesIO()
        Image.fromarray(np.clip(pixels, 0, 255).round().astype(np.uint8)).save(buffer, "JPEG", quality=30)
        yield name, buffer.getvalue()


def decode(data):
    """Upright sRGB of 8 bits, transparency on white."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    icc = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.float64) / 257).round().astype(np.uint8)).convert("RGB")
    if image.mode in ("LA", "RGBA", "P", "PA"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode != "CMYK" or icc is None:
        image = image.convert("RGB")
    if icc is not None:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        intent = ImageCms.Intent.PERCEPTUAL
        image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), renderingIntent=intent, outputMode="RGB")
    return image


def half_up(value):
    return math.floor(value + 0.5)


def crop(image, scale, name, whole, cut=math.floor, to=(WIDTH, HEIGHT)):
    """`whole` makes whole pixels of a length, `cut` of the place where the cut begins."""
    width, height = image.size
    shorter = half_up(max(to) * scale)
    across, down = (whole(side * shorter / min(width, height)) for side in (width, height))
    left, top = cut((across - to[0]) / 2), cut((down - to[1]) / 2)
    return image.resize((across, down), FILTERS[name]).crop((left, top, left + to[0], top + to[1]))


def letterbox(image):
    width, height = image.size
    across, down = (max(1, half_up(min(side * WIDTH / width, side * HEIGHT / height))) for side in (width, height))
    canvas = Image.new("RGB", (WIDTH, HEIGHT))
    canvas.paste(image.resize((across, down), FILTERS["bilinear"]), ((WIDTH - across) // 2, (HEIGHT - down) // 2))
    return canvas


GEOMETRIES = {
    "efficientnet-lite": lambda image: crop(image, 256 / 224, "bicubic", half_up),
    "imagenet": lambda image: crop(image, 256 / 224, "bilinear", math.floor, round),  # as torchvision does
    "clip": lambda image: crop(image, 1, "bicubic", math.floor),  # as transformers does
    "siglip": lambda image: image.resize((WIDTH, HEIGHT), FILTERS["bicubic"]),
    "letterbox": letterbox,
}


def statistics(preset):
    return preset["rescale"], np.array(preset["mean"]), np.array(preset["std"])


def by_numpy(image, preset):
    rescale, mean, std = statistics(preset)
    return ((image.astype(np.float64) * rescale - mean) / std).transpose(2, 0, 1)


def by_jax(image, preset):
    rescale, mean, std = statistics(preset)
    compute = jax.jit(jax.vmap(lambda each: jnp.transpose((each.astype(jnp.float32) * rescale - mean) / std, (2, 0, 1))))
    return compute(image[None])[0]


def normalized():
    """Every 8-bit value in every channel: by preset and by library one list a channel, 256 numbers each; beside it the bits of
    numpy's, rounded to float16."""
    image = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, -1)
    made = {}
    for name, preset in PRESETS.items():
        tables = {"numpy": np.float32(by_numpy(image, preset)), "jax": np.float32(by_jax(image, preset))}
        made[name] = {key: [[float(str(value)) for value in channel.ravel()] for channel in table] for key, table in tables.items()}
        made[name]["float16"] = [channel.ravel().view(np.uint16).tolist() for channel in tables["numpy"].astype(np.float16)]
    return made


def halves():
    """float32 numbers that are hard to round, and numpy's float16 of them: the bits of all the first, then of all the second."""
    grid = np.arange(0, 0x7C00, 13, dtype=np.uint16).view(np.float16).astype(np.float64)
    between = ((grid + np.arange(1, 0x7C00, 13, dtype=np.uint16)[: grid.size].view(np.float16).astype(np.float64)) / 2).astype(np.float32)
    least, most = np.float32(-np.inf), np.float32(np.inf)
    edges = np.array([0, 2.0**-25, 2.0**-24, 2.0**-14, 65504, 65519.996, 65520, np.inf, np.finfo(np.float32).tiny, np.finfo(np.float32).max], np.float32)
    bits = np.random.default_rng(16).integers(0, 1 << 32, 3000, dtype=np.uint32)
    near = np.concatenate([between, edges])
    with np.errstate(over="ignore"):
        numbers = np.concatenate([near, np.nextafter(near, least), np.nextafter(near, most), -near, bits.view(np.float32)])
        numbers = numbers[~np.isnan(numbers)]
        return numbers.astype("<f4").tobytes() + numbers.astype("<f2").tobytes()


def resized():
    """One small image, larger, smaller and both, with every kernel: 8-bit RGB."""
    image = photo(11, 7)
    sizes = [(23, 17), (4, 3), (23, 7), (4, 7), (11, 40), (11, 3)]
    filters = {**FILTERS, "lanczos3": Image.Resampling.LANCZOS, "nearest": Image.Resampling.NEAREST}
    cases = [(name, size) for name in filters for size in sizes]
    made = [{"filter": name, "width": w, "height": h, "data": list(image.resize((w, h), filters[name]).tobytes())} for name, (w, h) in cases]
    return {"width": 11, "height": 7, "data": list(image.tobytes()), "cases": made}


def main():
    IMAGES.mkdir(exist_ok=True)
    names, pixels = [], b""
    for name, data in files():
        (IMAGES / name).write_bytes(data)
        names.append(name)
        image = decode(data)
        pixels += b"".join(np.asarray(make(image)).tobytes() for make in GEOMETRIES.values())
    (HERE / "pixels.zlib").write_bytes(zlib.compress(pixels, 9))
    large, pixels = [], b""
    for name, data in large_files():
        (IMAGES / name).write_bytes(data)
        large.append(name)
        pixels += crop(decode(data), 256 / 224, "bicubic", half_up, to=(MODEL_SIDE, MODEL_SIDE)).tobytes()
    (HERE / "halves.zlib").write_bytes(zlib.compress(halves(), 9))
    (HERE / "large.zlib").write_bytes(zlib.compress(pixels, 9))
    made = {"pillow": PIL.__version__, "numpy": np.__version__, "jax": jax.__version__, "width": WIDTH, "height": HEIGHT, "geometries": list(GEOMETRIES), "images": names, "large": large, "resized": resized(), "normalized": normalized()}
    (HERE / "reference.json").write_text(json.dumps(made, separators=(",", ":")) + "\n")


main()
