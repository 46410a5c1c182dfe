/** A process that makes LanceDB warn: it builds an index, and brings it up to date for one row, which leaves partitions empty. */
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { rowsFrom } from "./rows.js";

const [path = "", name = ""] = process.argv.slice(2);
const store = lancedbStore({ path });
await store.open(calm);
const collection = await store.openCollection(name, "write");
await collection.upsert(batchOf(rowsFrom(0, 10_000)), calm);
await collection.upkeep("all", calm);
await collection.upsert(batchOf(rowsFrom(10_000, 1)), calm);
await collection.upkeep("all", calm);
await collection.close();
await store.close();
