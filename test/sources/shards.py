"""Writes and reads shards with Python's webdataset, and reads stored rows with Python's lancedb.

`shards.py write PATTERN SAMPLES`, `read SHARDS` or `rows FOLDER`.
"""
import json
import sys


def write(pattern: str, samples: int) -> None:
    import webdataset

    with webdataset.ShardWriter(pattern, maxcount=100, verbose=0) as shards:
        for index in range(samples):
            shards.write({
                "__key__": f"album-{index % 3}/{index:06d}",
                "jpg": f"photo {index}".encode(),
                "json": {"index": index, "label": f"label {index % 7}", "is_odd": index % 2 == 1},
                "txt": f"The photo with number {index}",
                "cls": index % 10,
            })


def read(shards: str) -> None:
    """The metadata, the size of the image and the vector of each sample."""
    import webdataset

    samples = webdataset.WebDataset(shards, shardshuffle=False).decode()
    print(json.dumps([
        {"key": sample["__key__"], "json": sample["json"], "imageBytes": len(sample["jpg"]), "vector": sample["npy"].tolist()}
        for sample in samples
    ]))


def rows(folder: str) -> None:
    import lancedb

    table = lancedb.connect(folder).open_table("photos").to_arrow()
    wanted = ["source", "index", "label", "is_odd", "txt", "cls"]
    print(json.dumps({"types": {name: str(table.schema.field(name).type) for name in wanted}, "rows": table.select(wanted).to_pylist()}))


if __name__ == "__main__":
    verb, target, *more = sys.argv[1:]
    if verb == "write":
        write(target, int(more[0]))
    elif verb == "read":
        read(target)
    else:
        rows(target)
