"""Photos to vectors in a table with Ray Data: Parquet, because it cannot write with this version of Lance. Prints the number of rows. `python ray-ingest.py FOLDER MODEL TABLE`"""

import os
import sys

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import numpy as np
import onnxruntime
import pyarrow.dataset
import ray

folder, model, table = sys.argv[1:]
SIDE = 224


class Embedder:
    def __init__(self):
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        vectors = self.session.run(["embedding"], {"images": batch["image"]})[0]
        return {"path": batch["path"], "vector": vectors}


ray.init(include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1", _temp_dir=f"{os.path.dirname(table)}/ray")
ray.data.DataContext.get_current().enable_progress_bars = False
photos = ray.data.read_images(folder, size=(SIDE, SIDE), mode="RGB", include_paths=True, file_extensions=["jpg"])
photos.map_batches(Embedder, batch_size=32, compute=ray.data.ActorPoolStrategy(size=1)).write_parquet(table)
print(pyarrow.dataset.dataset(table).count_rows())
