"""Writes tables with columns of all types, with pyarrow, pandas and DuckDB, and reads the rows that were stored of them.

write FOLDER: writes tables, and expected.json: for each table the metadata of its rows, or why a column is left out.
rows DATA: prints the stored rows of the collections in a LanceDB folder.
"""
import datetime as dt
import decimal
import json
import os
import sys
import uuid

D = decimal.Decimal
UTC = dt.timezone.utc
ids = ["007", "1e5", "1"]
paths = ["a.jpg", "b.jpg", "c.jpg"]
big = 2**53 + 1


def write_arrow(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    noon = dt.datetime(2024, 5, 1, 12, 30, 15, 123456)
    midnight = dt.datetime(2024, 5, 1)
    ns = [1_714_566_615_123_456_789, 1_714_521_600_000_000_000, None]
    text_of = lambda texts: [*texts, None]
    cases = {
        "bool": (pa.array([True, False, None]), [True, False, None]),
        "null": (pa.nulls(3), {"leftOut": "it has no values"}),
        "i8": (pa.array([1, -128, None], pa.int8()), [1, -128, None]),
        "i16": (pa.array([1, -32768, None], pa.int16()), [1, -32768, None]),
        "i32": (pa.array([1, -(2**31), None], pa.int32()), [1, -(2**31), None]),
        "i64": (pa.array([1, -(2**53 - 1), None], pa.int64()), [1, -(2**53 - 1), None]),
        "i64_big": (pa.array([1, big, None], pa.int64()), ["1", str(big), None]),
        "u8": (pa.array([1, 255, None], pa.uint8()), [1, 255, None]),
        "u16": (pa.array([1, 65535, None], pa.uint16()), [1, 65535, None]),
        "u32": (pa.array([1, 2**32 - 1, None], pa.uint32()), [1, 2**32 - 1, None]),
        "u64": (pa.array([1, 2**53 - 1, None], pa.uint64()), [1, 2**53 - 1, None]),
        "u64_big": (pa.array([1, 2**64 - 1, None], pa.uint64()), ["1", str(2**64 - 1), None]),
        "f16": (pa.array([1.5, -0.25, None], pa.float16()), [1.5, -0.25, None]),
        "f32": (pa.array([1.5, -0.25, None], pa.float32()), [1.5, -0.25, None]),
        "f64": (pa.array([0.1, float("nan"), None], pa.float64()), [0.1, None, None]),
        "dec_price": (pa.array([D("19.99"), D("-0.05"), None], pa.decimal128(10, 2)), [19.99, -0.05, None]),
        "dec_wide_type": (pa.array([D("19.990"), D("0.001"), None], pa.decimal128(18, 3)), [19.99, 0.001, None]),
        "dec_wide": (pa.array([D("12345678901234567.89"), D("-0.05"), None], pa.decimal128(38, 2)), ["12345678901234567.89", "-0.05", None]),
        "dec_whole": (pa.array([D("7"), D("-8"), None], pa.decimal128(20, 0)), [7, -8, None]),
        "dec_whole_big": (pa.array([D(big), D("-8"), None], pa.decimal128(20, 0)), [str(big), "-8", None]),
        "dec256": (pa.array([D("1.5"), D("-2.25"), None], pa.decimal256(50, 4)), [1.5, -2.25, None]),
        "dec32": (pa.array([D("1.5"), D("-2.25"), None], pa.decimal32(6, 2)), [1.5, -2.25, None]),
        "dec64": (pa.array([D("1.5"), D("-2.25"), None], pa.decimal64(15, 2)), [1.5, -2.25, None]),
        "date32": (pa.array([dt.date(2024, 5, 1), dt.date(1969, 12, 31), None]), ["2024-05-01", "1969-12-31", None]),
        "date64": (pa.array([dt.date(2024, 5, 1), dt.date(1969, 12, 31), None], pa.date64()), ["2024-05-01", "1969-12-31", None]),
        "time_s": (pa.array([dt.time(10, 0, 5), dt.time(0, 0), None], pa.time32("s")), ["10:00:05.000", "00:00:00.000", None]),
        "time_ms": (pa.array([dt.time(10, 0, 5, 7000), dt.time(0, 0), None], pa.time32("ms")), ["10:00:05.007", "00:00:00.000", None]),
        "time_us": (pa.array([dt.time(10, 0, 5, 7), dt.time(0, 0), None], pa.time64("us")), ["10:00:05.000007", "00:00:00.000", None]),
        "time_ns": (pa.array([36_005_000_000_007, 0, None], pa.time64("ns")), ["10:00:05.000000007", "00:00:00.000", None]),
        "ts_s": (pa.array([dt.datetime(2024, 5, 1, 10), midnight, None], pa.timestamp("s")), text_of(["2024-05-01T10:00:00.000Z", "2024-05-01T00:00:00.000Z"])),
        "ts_ms": (pa.array([dt.datetime(2024, 5, 1, 10), midnight, None], pa.timestamp("ms")), text_of(["2024-05-01T10:00:00.000Z", "2024-05-01T00:00:00.000Z"])),
        "ts_us": (pa.array([noon, midnight, None], pa.timestamp("us")), text_of(["2024-05-01T12:30:15.123456Z", "2024-05-01T00:00:00.000Z"])),
        "ts_ns": (pa.array(ns, pa.timestamp("ns")), text_of(["2024-05-01T12:30:15.123456789Z", "2024-05-01T00:00:00.000Z"])),
        "ts_ms_utc": (pa.array([dt.datetime(1969, 7, 20, 20, 17, 40, 500000, UTC), None, None], pa.timestamp("ms", "UTC")), ["1969-07-20T20:17:40.500Z", None, None]),
        "ts_us_zone": (pa.array([dt.datetime(2024, 5, 1, 10, tzinfo=UTC), None, None], pa.timestamp("us", "Europe/Zurich")), ["2024-05-01T10:00:00.000Z", None, None]),
        "ts_far": (pa.array([2**63 - 1, 0, None], pa.timestamp("us")), [str(2**63 - 1), "1970-01-01T00:00:00.000Z", None]),
        "duration": (pa.array([dt.timedelta(seconds=1), None, None], pa.duration("ms")), [1000, None, None]),
        "text": (pa.array(["ä", "", None]), ["ä", "", None]),
        "large_text": (pa.array(["ä", "b", None], pa.large_string()), ["ä", "b", None]),
        "text_view": (pa.array(["ä", "b", None], pa.string_view()), ["ä", "b", None]),
        "dict": (pa.array(["x", "x", None]).dictionary_encode(), ["x", "x", None]),
        "uuid": (pa.array([uuid.UUID(int=1).bytes, None, None], pa.uuid()), [str(uuid.UUID(int=1)), None, None]),
        "binary": (pa.array([b"\x00\xff", b"", None]), {"leftOut": "bytes"}),
        "large_binary": (pa.array([b"\x00\xff", b"", None], pa.large_binary()), {"leftOut": "bytes"}),
        "fixed": (pa.array([b"\x00\xff", b"ab", None], pa.binary(2)), {"leftOut": "bytes"}),
        "list_int": (pa.array([[1, 2, None], [], None]), ["[1,2,null]", "[]", None]),
        "list_big": (pa.array([[1, big], [], None]), [f'[1,"{big}"]', "[]", None]),
        "list_dec": (pa.array([[D("19.99"), D("0.07")], [], None], pa.list_(pa.decimal128(10, 2))), ["[19.99,0.07]", "[]", None]),
        "list_ts": (pa.array([[noon], [], None], pa.list_(pa.timestamp("us"))), ['["2024-05-01T12:30:15.123456Z"]', "[]", None]),
        "list_text": (pa.array([["a", "ü"], [], None]), ['["a","ü"]', "[]", None]),
        "list_bytes": (pa.array([[b"\xff"], [], None]), {"leftOut": "a list or a struct with bytes"}),
        "fixed_list": (pa.array([[1.5, 2.5], [3.5, 4.5], None], pa.list_(pa.float32(), 2)), ["[1.5,2.5]", "[3.5,4.5]", None]),
        "struct": (pa.array([{"x": 1, "y": "z"}, {"x": None, "y": None}, None]), ['{"x":1,"y":"z"}', '{"x":null,"y":null}', None]),
        "map": (pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int32())), ['{"k":1}', "{}", None]),
    }
    columns = {"id": pa.array(ids), "path": pa.array(paths), **{name: array for name, (array, _) in cases.items()}}
    table = pa.table(columns)
    expected = {name: value for name, (_, value) in cases.items()}
    found = {}
    for name, options in {
        "arrow_default": {},
        "arrow_no_statistics": {"write_statistics": False, "use_dictionary": False},
        "arrow_v1": {"version": "2.6", "data_page_version": "2.0", "compression": "zstd", "row_group_size": 2},
        "arrow_dec_int": {"store_decimal_as_integer": True, "write_page_index": True},
    }.items():
        pq.write_table(table, f"{folder}/{name}.parquet", **options)
        found[name] = expected
    old = {name: value for name, value in expected.items() if name in ("i64", "text", "ts_us", "ts_ms", "dec_price")}
    pq.write_table(table.select(["id", "path", *old]), f"{folder}/arrow_int96.parquet", use_deprecated_int96_timestamps=True)
    found["arrow_int96"] = old
    return found


def write_pandas(folder):
    import pandas as pd

    times = [pd.Timestamp("2024-01-01T00:00:00"), pd.Timestamp("2024-01-01T07:00:00"), pd.NaT]
    cases = {
        "when": (pd.Series(times), ["2024-01-01T00:00:00.000Z", "2024-01-01T07:00:00.000Z", None]),
        "when_ns": (pd.Series(times).astype("datetime64[ns]"), ["2024-01-01T00:00:00.000Z", "2024-01-01T07:00:00.000Z", None]),
        "when_zone": (pd.Series(times).dt.tz_localize("Europe/Zurich"), ["2023-12-31T23:00:00.000Z", "2024-01-01T06:00:00.000Z", None]),
        "day": (pd.Series([dt.date(2024, 1, 1), dt.date(2024, 1, 2), None]), ["2024-01-01", "2024-01-02", None]),
        "int_nullable": (pd.Series([1, 2, None], dtype="Int64"), [1, 2, None]),
        "int_float": (pd.Series([1, 2, None]), [1, 2, None]),
        "bool_nullable": (pd.Series([True, False, None], dtype="boolean"), [True, False, None]),
        "category": (pd.Series(["x", "y", None], dtype="category"), ["x", "y", None]),
        "category_int": (pd.Series([3, 4, 3], dtype="category"), [3, 4, 3]),
        "text": (pd.Series(["x", "ü", None]), ["x", "ü", None]),
        "decimal": (pd.Series([D("1.10"), D("2.20"), None]), [1.1, 2.2, None]),
        "delta": (pd.Series(pd.to_timedelta(["1s", "2s", None])).astype("timedelta64[ms]"), [1000, 2000, None]),
        "tags": (pd.Series([["a"], [], None]), ['["a"]', "[]", None]),
        "blob": (pd.Series([b"a", b"b", None]), {"leftOut": "bytes"}),
    }
    frame = pd.DataFrame({"id": ids, "path": paths, **{name: series for name, (series, _) in cases.items()}})
    expected = {name: value for name, (_, value) in cases.items()}
    frame.to_parquet(f"{folder}/pandas_parquet.parquet")
    csv = {
        "number": ([1.5, 2, 1e20], [1.5, 2, 1e20]),
        "code": (["007", "08", "9"], ["007", "08", "9"]),
        "big": ([big, 1, 2], [str(big), "1", "2"]),
        "flag": ([True, False, True], [True, False, True]),
        "note": (['a "b", c', "two\nlines", None], ['a "b", c', "two\nlines", None]),
        "when": (times, ["2024-01-01 00:00:00", "2024-01-01 07:00:00", None]),
    }
    plain = pd.DataFrame({"id": ids, "path": paths, **{name: values for name, (values, _) in csv.items()}})
    plain.to_csv(f"{folder}/pandas_csv.csv", index=False)
    plain.to_csv(f"{folder}/pandas_semicolons.csv", index=False, sep=";")
    plain.to_csv(f"{folder}/pandas_index.csv")
    plain.to_csv(f"{folder}/pandas_tabs.tsv", index=False, sep="\t", lineterminator="\r\n", encoding="utf-8-sig")
    values = {name: value for name, (_, value) in csv.items()}
    return {
        "pandas_parquet": expected,
        "pandas_csv": values,
        "pandas_semicolons": values,
        "pandas_index": {"": {"leftOut": "it has no name"}, **values},
        "pandas_tabs": values,
    }


def write_duckdb(folder):
    import duckdb

    cases = {
        "tiny": ("1::TINYINT", 1),
        "u_big": (f"{2**64 - 1}::UBIGINT", str(2**64 - 1)),
        "huge": ("170141183460469231731687303715884105727::HUGEINT", 2.0**127),
        "price": ("19.99::DECIMAL(10,2)", 19.99),
        "price_default": ("19.99::DECIMAL", 19.99),
        "price_wide": ("12345678901234567.89::DECIMAL(38,2)", "12345678901234567.89"),
        "real": ("1.5::FLOAT", 1.5),
        "flag": ("true", True),
        "day": ("DATE '2024-05-01'", "2024-05-01"),
        "clock": ("TIME '10:00:05.000007'", "10:00:05.000007"),
        "at": ("TIMESTAMP '2024-05-01 00:00:00'", "2024-05-01T00:00:00.000Z"),
        "at_us": ("TIMESTAMP '2024-05-01 10:00:00.000001'", "2024-05-01T10:00:00.000001Z"),
        "at_ns": ("TIMESTAMP_NS '2024-05-01 10:00:00.000000001'", "2024-05-01T10:00:00.000000001Z"),
        "at_s": ("TIMESTAMP_S '2024-05-01 10:00:00'", "2024-05-01T10:00:00.000Z"),
        "at_zone": ("TIMESTAMPTZ '2024-05-01 12:00:00+02'", "2024-05-01T10:00:00.000Z"),
        "span": ("INTERVAL '1 month 2 days 3.5 seconds'", "P1M2DT3.5S"),
        "uid": ("'00000000-0000-0000-0000-000000000001'::UUID", "00000000-0000-0000-0000-000000000001"),
        "mood": ("'happy'::ENUM('sad', 'happy')", "happy"),
        "text": ("'ü'", "ü"),
        "doc": ("'{\"a\": 1}'::JSON", '{"a":1}'),
        "raw": ("'\\xAA'::BLOB", {"leftOut": "bytes"}),
        "tags": ("['a', NULL]", '["a",null]'),
        "pair": ("{'x': 1, 'y': 19.99::DECIMAL(10,2)}", '{"x":1,"y":19.99}'),
        "lookup": ("MAP {'k': 1}", '{"k":1}'),
        "nothing": ("NULL", {"leftOut": "it has no values"}),
    }
    connection = duckdb.connect()
    select = ", ".join(f"{sql} AS {name}" for name, (sql, _) in cases.items())
    rows = " UNION ALL ".join(f"SELECT '{key}' AS id, '{path}' AS path, {select}" for key, path in zip(ids, paths))
    connection.execute(f"COPY ({rows}) TO '{folder}/duckdb_parquet.parquet' (FORMAT parquet)")
    connection.execute(f"COPY ({rows}) TO '{folder}/duckdb_v2.parquet' (FORMAT parquet, PARQUET_VERSION v2)")
    expected = {name: value if isinstance(value, dict) else [value] * 3 for name, (_, value) in cases.items()}
    return {"duckdb_parquet": expected, "duckdb_v2": expected}


def write(folder):
    expected = {**write_arrow(folder), **write_pandas(folder), **write_duckdb(folder)}
    for path in paths:
        with open(os.path.join(folder, path), "w") as file:
            file.write(path)
    with open(os.path.join(folder, "expected.json"), "w") as file:
        json.dump({"ids": ids, "tables": expected}, file)


def rows(data):
    import lancedb

    built_in = {"vector", "source", "root", "version", "content", "metadata_hash", "width", "height", "ingested_at"}
    database = lancedb.connect(data)
    found = {}
    for name in database.list_tables().tables:
        stored = database.open_table(name).to_arrow().to_pylist()
        found[name] = {row["id"]: {key: value for key, value in row.items() if key not in built_in} for row in stored}
    print(json.dumps(found))


{"write": write, "rows": rows}[sys.argv[1]](*sys.argv[2:])
