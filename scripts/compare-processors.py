"""Do two processors make the same vectors? Embeds 20 pictures of each labelled set, and compares with the vectors of another run.

    venv/bin/python scripts/compare-processors.py models/efficientnet-lite0-int8.onnx here.npy
    qemu-x86_64 -cpu Haswell venv/bin/python scripts/compare-processors.py models/efficientnet-lite0-int8.onnx haswell.npy here.npy

Needs onnxruntime, numpy and pillow, and the pictures of `scripts/labelled-pictures.py` in `.cache/labelled`.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

PICTURES_PER_SET = 20
SIZE = 224
Image.MAX_IMAGE_PIXELS = None


def main(model: str, vectors_path: str, other_path: str | None = None) -> None:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    vectors = np.array([session.run(["embedding"], {"images": pixels(path)[None]})[0][0] for path in pictures()])
    np.save(vectors_path, vectors)
    if other_path is not None:
        cosines = cosine(vectors.astype(np.float64), np.load(other_path).astype(np.float64))
        print(f"{len(cosines)} pictures: lowest cosine {cosines.min():.6f}, equal bits {(vectors == np.load(other_path)).all(1).sum()}")


def pictures() -> list[Path]:
    """Evenly spread over each set, in the order of the names."""
    chosen = []
    for one in sorted(Path(".cache/labelled").iterdir()):
        paths = sorted(path for path in one.rglob("*") if path.is_file())
        chosen += [paths[at * len(paths) // PICTURES_PER_SET] for at in range(PICTURES_PER_SET)]
    return chosen


def pixels(path: Path) -> np.ndarray:
    picture = Image.open(path).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(ImageOps.fit(Image.alpha_composite(white, picture).convert("RGB"), (SIZE, SIZE)))


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
