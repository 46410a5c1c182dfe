"""Another reader and writer of the files that collections are exported to."""
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

verb, path = sys.argv[1:3]


def parquet():
    table = pq.read_table(path)
    return {
        "types": {field.name: str(field.type) for field in table.schema},
        "description": json.loads(table.schema.metadata[b"headrace"]),
        "rows": table.to_pylist(),
    }


def npy():
    vectors = np.load(path)
    with open(path + ".jsonl", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    with open(path + ".json", encoding="utf-8") as description:
        return {"shape": vectors.shape, "type": str(vectors.dtype), "vectors": vectors.tolist(), "rows": rows, "description": json.load(description)}


def columns(count):
    text = lambda make: pa.array([make(i) for i in range(count)], pa.large_string())
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(count * 4), pa.float32()), 4)
    return {
        "id": text(lambda i: f"row {i}"), "vector": vectors, "source": text(lambda i: f"s {i}"), "root": text(lambda i: "r"),
        "version": text(lambda i: str(i)), "content": text(lambda i: f"c {i}"), "metadata_hash": text(lambda i: ""),
        "width": pa.array([640] * count, pa.int32()), "height": pa.array([480] * count, pa.int32()),
        "ingested_at": pa.array([5] * count, pa.int64()),
        "year": pa.array([None if i % 2 else 2000 + i for i in range(count)], pa.int64()),
        "camera": pa.array(["X", None, "Y"] * (count // 3 + 1), pa.string()).dictionary_encode()[:count],
    }


def make():
    """Our columns, written by somebody else in several row groups."""
    pq.write_table(pa.table(columns(10)), path, row_group_size=4)


def make_other():
    pq.write_table(pa.table({"id": ["a"], "label": ["x"]}), path)


def make_large():
    """One row group that is too large to be decoded at once."""
    count = 70_000
    wide = columns(count)
    wide["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(count * 1024), pa.float32()), 1024)
    pq.write_table(pa.table(wide), path, row_group_size=count, use_dictionary=False, compression="snappy")


result = {"parquet": parquet, "npy": npy, "make": make, "make_other": make_other, "make_large": make_large}[verb]()
print(json.dumps(result))
