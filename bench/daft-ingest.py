"""Photos to vectors in a Lance table with Daft. Prints the number of rows. `python daft-ingest.py FOLDER MODEL TABLE`"""

import os
import sys

os.environ["DAFT_ANALYTICS_ENABLED"] = "0"
os.environ["DO_NOT_TRACK"] = "true"
os.environ["DAFT_PROGRESS_BAR"] = "0"

import daft
import numpy as np
import onnxruntime
from daft import DataType, Series
from daft.functions import decode_image, download

folder, model, table = sys.argv[1:]
SIDE = 224


@daft.cls(max_concurrency=1)
class Embedder:
    def __init__(self):
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    @daft.method.batch(return_dtype=DataType.embedding(DataType.float32(), 1280), batch_size=32)
    def embed(self, images: Series):
        pixels = np.stack(images.to_pylist())
        return list(self.session.run(["embedding"], {"images": pixels})[0])


embedder = Embedder()
photos = daft.from_glob_path(f"{folder}/*.jpg").select("path")
photos = photos.with_column("image", decode_image(download(daft.col("path")), mode="RGB").resize(SIDE, SIDE))
photos = photos.select("path", embedder.embed(daft.col("image")).alias("vector"))
photos.write_lance(table)
print(daft.read_lance(table).count_rows())
