"""Another client of the same tables: reads every column as JSON, or makes tables of its own."""
import json
import pathlib
import sys

import lancedb
import pyarrow as pa

path, verb, name = sys.argv[1:4]
database = lancedb.connect(path)


def read():
    table = database.open_table(name).to_arrow()
    return {
        "types": {field.name: str(field.type) for field in table.schema},
        "settings": json.loads(table.schema.metadata[b"headrace"]),
        "passport": json.loads((pathlib.Path(path) / f"{name}.lance" / "headrace-passport.json").read_text()),
        "rows": sorted(table.to_pylist(), key=lambda row: str(row["id"])),
        "found": [row["id"] for row in database.open_table(name).search([0.0, 1.0, 0.0, 0.0]).metric("cosine").limit(1).to_list()],
    }


def make():
    """Our columns, made by somebody else: large text, all nullable, a column of a type that metadata does not have."""
    vectors = pa.FixedSizeListArray.from_arrays(pa.array([1.0, 0, 0, 0, 0, 1, 0, 0], pa.float32()), 4)
    text = lambda *values: pa.array(values, pa.large_string())
    columns = {
        "id": text("a", "b"), "vector": vectors, "source": text("s a", "s b"), "root": text("r", "r"), "version": text("1", "2"),
        "content": text("c a", "c b"), "metadata_hash": text("", ""), "width": pa.array([1, 2], pa.int32()),
        "height": pa.array([3, 4], pa.int32()), "ingested_at": pa.array([5, 6], pa.int64()), "year": pa.array([2020.0, None], pa.float64()),
        "tags": pa.array([["x"], None], pa.list_(pa.string())),
    }
    database.create_table(name, pa.table(columns))
    database.create_table(name + "_other", pa.table({"id": text("a"), "vector": vectors.slice(0, 1), "label": text("x")}))


print(json.dumps({"read": read, "make": make}[verb](), default=str))
