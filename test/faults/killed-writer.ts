/** A process that appends rows and merges changed ones, several batches at once, until it is killed: `node killed-writer.js DATA ROUND` */
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { schema } from "../store/rows.js";

const [path = "", round = "0"] = process.argv.slice(2);
const [batches, rows] = [40, 20];

const store = lancedbStore({ path });
await store.open(calm);
const collection = await store.openCollection("killed", "write").catch(() => store.create("killed", schema));

/** Batch `at` brings new rows, and half of those of the batch before once more. */
async function write(at: number): Promise<void> {
  const ids = Array.from({ length: rows }, (_, row) => `row ${(at * rows) / 2 + row}`);
  const refused = await collection.upsert(batchOf(ids.map((id) => ({ id, facts: { version: `${round} ${at}` } }))), calm);
  if (refused.length > 0) throw refused[0]!.error;
  process.stdout.write(`${at}\n`);
}

for (let start = 1; start <= batches; start += 4) await Promise.all([0, 1, 2, 3].map((at) => write(start + at)));
await collection.upkeep("owed", calm);
await collection.close();
await store.close();
process.stdout.write("ended\n");
