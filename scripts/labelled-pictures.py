"""Collects three sets of labelled pictures from Debian packages: folder/SET/CLASS/FILE.

    python3 scripts/labelled-pictures.py .cache/labelled

Needs `apt-get` and `dpkg-deb`, and nothing besides Python's own library. The three packages are 190 MB.
"""

import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

STAMPS = [
    "animals/birds", "animals/fish", "animals/insects", "animals/mammals", "food/fruit", "food/vegetables", "plants/flowers",
    "plants/trees", "town/houses", "town/roadsigns", "vehicles", "hobbies/music",
]  # fmt: skip
CLIP_ART = [
    "animals/birds", "animals/bugs", "animals/fish", "animals/mammals", "buildings/homes", "food/beverages",
    "food/breads_and_carbs", "food/desserts", "food/fruit", "food/meats_and_eggs", "people/clothing", "plants/flowers",
    "recreation/music", "recreation/sports", "tools/weapons", "transportation/boating", "transportation/roadsigns",
    "transportation/vehicles",
]  # fmt: skip
PHOTOS = "gcompris/src/activities/categorization/resource/images/"
MIN_PHOTOS_PER_CLASS = 3


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        stamps = unpacked("tuxpaint-stamps-default", scratch) / "usr/share/tuxpaint/stamps"
        copy_classes(stamps, STAMPS, folder / "stamps")
        clip_art = unpacked("openclipart-png", scratch) / "usr/share/openclipart/png"
        copy_classes(clip_art, CLIP_ART, folder / "clip-art")
        resources = unpacked("gcompris-qt-data", scratch) / "usr/share/gcompris-qt/rcc/categorization.rcc"
        write_photos(dict(files_of(resources.read_bytes())), folder / "photos")
    for one in sorted(folder.iterdir()):
        pictures = [path for path in one.rglob("*") if path.is_file()]
        print(f"{one}: {len(pictures)} pictures in {len({path.parent for path in pictures})} classes")


def unpacked(package: str, scratch: Path) -> Path:
    """Downloads the Debian package and returns the folder with its files."""
    subprocess.run(["apt-get", "download", package], cwd=scratch, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    target = scratch / package
    subprocess.run(["dpkg-deb", "-x", next(scratch.glob(f"{package}_*.deb")), target], check=True)
    return target


def copy_classes(source: Path, classes: list[str], target: Path) -> None:
    for name in classes:
        for path in sorted((source / name).rglob("*.png")):
            write(target / name.replace("/", "-") / "-".join(path.relative_to(source / name).parts), path.read_bytes())


def write_photos(files: dict[str, bytes], target: Path) -> None:
    """Monuments are one class. Other photos are named after what they show, with a number: `hammer3.webp`."""
    classes: dict[str, list[str]] = {}
    for path in files:
        found = re.fullmatch(PHOTOS + r"(\w+)/([A-Za-z]+)\d*\.webp", path)
        if found is not None:
            group, subject = found.groups()
            classes.setdefault("monuments" if group == "monuments" else subject, []).append(path)
    for name, paths in classes.items():
        if len(paths) >= MIN_PHOTOS_PER_CLASS:
            for path in paths:
                write(target / name / path.rsplit("/", 1)[1], files[path])


def files_of(resources: bytes):
    """Yields path and content of each file in a resource file of Qt."""
    magic, version, tree, data, names = struct.unpack_from(">4sIIII", resources)
    assert magic == b"qres", "expected a resource file of Qt"
    node_size = 22 if version >= 2 else 14

    def walk(node: int, folder: str):
        at = tree + node * node_size
        name_at, flags, first, second = struct.unpack_from(">IHII", resources, at)
        length = struct.unpack_from(">H", resources, names + name_at)[0]
        name = resources[names + name_at + 6 : names + name_at + 6 + 2 * length].decode("utf-16-be") if node else ""
        path = f"{folder}/{name}" if folder else name
        if flags & 2:
            for child in range(second, second + first):
                yield from walk(child, path)
            return
        size = struct.unpack_from(">I", resources, data + second)[0]
        content = resources[data + second + 4 : data + second + 4 + size]
        if not flags & 4:
            yield path, zlib.decompress(content[4:]) if flags & 1 else content

    yield from walk(0, "")


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
