"""Upserts rows into a collection that is there, several batches at once, as a program over pymilvus would. Prints rows/s and its CPU time a row as JSON.

python pymilvus-upsert.py HOST PORT COLLECTION ROWS DIMENSION BATCH IN_FLIGHT rows|columns
"""

import json
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

warnings.filterwarnings("ignore")

import numpy as np
from pymilvus import Collection, connections

host, port, name, rows, dimension, batch, in_flight, way = sys.argv[1:9]
rows, dimension, batch, in_flight = int(rows), int(dimension), int(batch), int(in_flight)
connections.connect(host=host, port=port)
collection = Collection(name)
vectors = np.sin(np.arange(batch * dimension) * 0.37).astype(np.float32).reshape(batch, dimension)
# Columns cannot bring a key that is not declared: rows have a camera beside them, columns do not.
fixed = {
    "source": "file:///photos/2020/holidays/image.jpg",
    "root": "file:///photos",
    "version": "1234567:1600000000000000000:1600000000000000000",
    "content": "0" * 64,
    "metadata_hash": "0" * 32,
    "width": 4000,
    "height": 3000,
    "ingested_at": 1,
}


def write(start):
    ids = [format(start + row, "032x") for row in range(batch)]
    if way == "columns":
        data = [ids, list(vectors), *([value] * batch for value in fixed.values())]
    else:
        data = [{"id": ids[row], "vector": vectors[row], **fixed, "camera": "X100"} for row in range(batch)]
    collection.upsert(data)


started, cpu_before = time.monotonic(), time.process_time()
with ThreadPoolExecutor(in_flight) as pool:
    list(pool.map(write, range(0, rows, batch)))
elapsed, cpu = time.monotonic() - started, time.process_time() - cpu_before
print(json.dumps({"rowsPerSecond": rows / elapsed, "cpuMicrosPerRow": cpu / rows * 1e6}))
