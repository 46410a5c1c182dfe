"""What Pillow makes of the mutants of the fuzz test.

    python3 -m venv .cache/formats && .cache/formats/bin/pip install pillow==13.0.0 pillow-heif==1.8.1 pillow-jxl-plugin==1.3.8
    .cache/formats/bin/python test/fuzz/pillow.py bases           # writes test/fuzz/bases
    node build/test/fuzz/record.js write FOLDER                   # writes the mutants
    .cache/formats/bin/python test/fuzz/pillow.py read FOLDER     # reads them
    node build/test/fuzz/record.js read FOLDER                    # writes test/fuzz/pillow.json and pillow.zlib

A verdict is "s" if Pillow reads the mutant as it reads any file, "l" if only with ImageFile.LOAD_TRUNCATED_IMAGES, "f" if that gives
a picture of one colour, which shows nothing of the image, and "-" if Pillow cannot read it. "s" and "l" have a reading.
"""
import io
import json
import pathlib
import sys
import warnings

import pillow_heif
import pillow_jxl  # noqa: F401
from PIL import Image, ImageFile, ImageOps

pillow_heif.register_heif_opener()
warnings.simplefilter("ignore")
Image.MAX_IMAGE_PIXELS = 50_000_000
HERE = pathlib.Path(__file__).parent
SIZE = (120, 90)
OPTIONS = {
    "baseline.jpg": {"quality": 85},
    "progressive.jpg": {"quality": 85, "progressive": True},
    "plain.png": {},
    "palette.png": {},
    "lossy.webp": {"quality": 80},
    "lossless.webp": {"lossless": True},
    "frame.gif": {},
    "plain.tif": {},
    "lzw.tif": {"compression": "tiff_lzw"},
    "plain.avif": {"quality": 70},
    "plain.bmp": {},
    "plain.heic": {"quality": 70},
    "plain.jxl": {"quality": 80},
}


def bases():
    photo = Image.open(HERE.parent / "fidelity" / "golden" / "coffee.jpg").convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    for name, options in OPTIONS.items():
        image = photo.quantize(64) if name in ("palette.png", "frame.gif") else photo
        image.save(HERE / "bases" / name, **options)


def reading(data, truncated):
    ImageFile.LOAD_TRUNCATED_IMAGES = truncated
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
        image = ImageOps.exif_transpose(image)
        if image.mode in ("P", "PA", "LA"):
            image = image.convert("RGBA")
        if image.mode == "RGBA":
            white = Image.new("RGBA", image.size, "white")
            white.alpha_composite(image)
            image = white
        return image.convert("RGB")
    except Exception:
        return None


def verdict(data):
    strict, lenient = reading(data, False), reading(data, True)
    image = strict or lenient
    if image is None:
        return "-", None
    if image.getcolors(1) is not None:
        return "f", None
    return ("s" if strict else "l"), image


def read(folder):
    verdicts = {}
    (folder / "readings").mkdir(exist_ok=True)
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name == "verdicts.json":
            continue
        found, image = verdict(path.read_bytes())
        verdicts[path.name] = found
        if image is not None:
            image.save(folder / "readings" / f"{path.name}.png", compress_level=1)
    (folder / "verdicts.json").write_text(json.dumps(verdicts))


if sys.argv[1] == "bases":
    bases()
else:
    read(pathlib.Path(sys.argv[2]))
