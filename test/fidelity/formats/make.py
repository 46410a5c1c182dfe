"""Makes small images of formats that sharp cannot read, and what Pillow makes of them.

    python3 -m venv .cache/formats && .cache/formats/bin/pip install pillow==13.0.0 pillow-heif==1.8.1 pillow-jxl-plugin==1.3.8
    .cache/formats/bin/python test/fidelity/formats/make.py

Writes images/ and pillow.json beside itself. Files may differ with the codecs; the test compares with what this run wrote.
"""
import base64
import io
import json
import pathlib
import struct

import pillow_heif
import pillow_jxl  # noqa: F401
from PIL import Image, ImageCms, ImageOps

pillow_heif.register_heif_opener()
HERE = pathlib.Path(__file__).parent
IMAGES = HERE / "images"
GOLDEN = HERE.parent / "golden"
# Of what comes out: not square, so that no swap of sides can hide.
WIDTH, HEIGHT = 28, 20

photo = Image.open(GOLDEN / "coffee.jpg").convert("RGB").resize((96, 64), Image.Resampling.LANCZOS)
clear = photo.convert("RGBA")
clear.putalpha(Image.linear_gradient("L").resize(photo.size))
P3 = (HERE.parent / "reference" / "images" / "p3.jpg")


def bmp(bits, rows, *, height=None, compression=0, palette=(), masks=(), header=40):
    """A BMP by hand: Pillow reads more kinds than it writes."""
    table = b"".join(struct.pack("<BBBB"[: 1 + (3 if header == 12 else 4)], *entry[: 3 if header == 12 else 4]) for entry in palette)
    mask = b"".join(struct.pack("<I", m) for m in masks)
    at = 14 + header + len(table) + (len(mask) if header == 40 else 0)
    width = photo.size[0]
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height or photo.size[1], 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, height or photo.size[1], 1, bits, compression, len(rows), 2835, 2835, len(palette), 0)
        info += mask if header > 40 else b""
        info = info.ljust(header, b"\0")
    return b"BM" + struct.pack("<IHHI", at + len(rows), 0, 0, at) + info + (mask if header == 40 else b"") + table + rows


def packed(values, bits):
    """Rows of small values, the first in the highest bits, each row padded to 4 bytes."""
    width = photo.size[0]
    out = b""
    for start in range(0, len(values), width):
        row = values[start : start + width]
        per = 8 // bits
        line = bytes(sum(v << (8 - bits * (i + 1)) for i, v in enumerate(row[n : n + per])) for n in range(0, width, per))
        out += line + bytes(-len(line) % 4)
    return out


def rle8(values):
    width = photo.size[0]
    out = b""
    for start in range(0, len(values), width):
        row, n = values[start : start + width], 0
        while n < width:
            run = 1
            while n + run < width and run < 255 and row[n + run] == row[n]:
                run += 1
            if run == 1 and width - n >= 3:
                out += bytes([0, 3]) + row[n : n + 3] + b"\0"
                n += 3
            else:
                out += bytes([run, row[n]])
                n += run
        out += b"\0\0"
    return out + b"\0\1"


def rle4(values):
    width = photo.size[0]
    out = b""
    for start in range(0, len(values), width):
        row = values[start : start + width]
        for n in range(0, width, 2):
            out += bytes([2, row[n] << 4 | row[n + 1]])
        out += b"\0\0"
    return out + b"\0\1"


def files():
    flipped = ImageOps.flip(photo)
    indexed = {n: flipped.quantize(n) for n in (2, 16, 256)}
    table = {n: [tuple(image.getpalette()[i * 3 : i * 3 + 3][::-1]) + (0,) for i in range(n)] for n, image in indexed.items()}
    values = {n: image.tobytes() for n, image in indexed.items()}
    rgb = list(zip(*[iter(flipped.tobytes())] * 3))
    alpha = ImageOps.flip(clear).getchannel("A").tobytes()
    yield "1-bit.bmp", bmp(1, packed(values[2], 1), palette=table[2])
    yield "4-bit.bmp", bmp(4, packed(values[16], 4), palette=table[16])
    yield "8-bit.bmp", bmp(8, packed(values[256], 8), palette=table[256])
    yield "8-bit-rle.bmp", bmp(8, rle8(values[256]), palette=table[256], compression=1)
    yield "4-bit-rle.bmp", bmp(4, rle4(values[16]), palette=table[16], compression=2)
    yield "os2.bmp", bmp(8, packed(values[256], 8), palette=table[256], header=12)
    yield "555.bmp", bmp(16, b"".join(struct.pack("<H", (r >> 3) << 10 | (g >> 3) << 5 | b >> 3) for r, g, b in rgb))
    yield "565.bmp", bmp(
        16, b"".join(struct.pack("<H", (r >> 3) << 11 | (g >> 2) << 5 | b >> 3) for r, g, b in rgb), compression=3, masks=(0xF800, 0x7E0, 0x1F)
    )
    yield "24-bit.bmp", bmp(24, b"".join(bytes((b, g, r)) for r, g, b in rgb))
    yield "top-down.bmp", bmp(24, b"".join(bytes(p[::-1]) for p in zip(*[iter(photo.tobytes())] * 3)), height=-photo.size[1])
    yield "32-bit.bmp", bmp(32, b"".join(bytes((b, g, r, 7)) for r, g, b in rgb))
    yield "alpha.bmp", bmp(
        32,
        b"".join(bytes((b, g, r, a)) for (r, g, b), a in zip(rgb, alpha)),
        compression=3,
        masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000),
        header=108,
    )
    icc = Image.open(P3).info["icc_profile"]
    turned = Image.Exif()
    turned[0x112] = 6
    deep = Image.open(IMAGES.parent.parent / "reference" / "images" / "grey-16-bit.png")
    for name, image, options in (
        ("plain.heic", photo, {"quality": 90}),
        ("alpha.heic", clear, {"quality": 90}),
        ("p3.heic", photo, {"quality": 90, "icc_profile": icc}),
        ("turned.heic", photo, {"quality": 90, "exif": turned.tobytes()}),
        ("plain.jxl", photo, {"lossless": True}),
        ("lossy.jxl", photo, {"quality": 90}),
        ("alpha.jxl", clear, {"lossless": True}),
    ):
        out = io.BytesIO()
        image.save(out, {"heic": "HEIF", "jxl": "JXL"}[name.rpartition(".")[2]], **options)
        yield name, out.getvalue()
    # Ten bits a channel.
    ten = pillow_heif.from_bytes("RGB;16", photo.size, b"".join(struct.pack("<H", v * 257) for v in photo.tobytes()))
    out = io.BytesIO()
    ten.save(out, quality=90)
    yield "ten-bit.heic", out.getvalue()


def read(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    icc = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode in ("P", "PA", "LA"):
        image = image.convert("RGBA")
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image)
        image = white
    image = image.convert("RGB")
    if icc:
        image = ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"))
    return image


def main():
    IMAGES.mkdir(exist_ok=True)
    answers = {}
    for name, data in files():
        (IMAGES / name).write_bytes(data)
        image = read(data)
        small = image.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        answers[name] = {"width": image.width, "height": image.height, "pixels": base64.b64encode(small.tobytes()).decode()}
    (HERE / "pillow.json").write_text(json.dumps({"width": WIDTH, "height": HEIGHT, "images": answers}, indent=1) + "\n")


main()
