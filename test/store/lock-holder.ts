/** A process that writes to a collection, told by lines on stdin: `open`, `write ID`, `upkeep`, `close`. Answers each with a line of JSON. */
import { createInterface } from "node:readline";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { type Collection, HeadraceError } from "../../src/contracts/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";

const [path = "", name = ""] = process.argv.slice(2);
const store = lancedbStore({ path });
await store.open(calm);
let collection: Collection | null = null;

async function obey(line: string): Promise<void> {
  const [verb, ...ids] = line.split(" ");
  if (verb === "open") collection = await store.openCollection(name, "write");
  if (verb === "write") await collection?.upsert(batchOf(ids.map((id) => ({ id }))), calm);
  if (verb === "upkeep") await collection?.upkeep("owed", calm);
  if (verb === "close") await collection?.close();
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await obey(line).then(
    () => ({ ok: true }),
    (error: unknown) => HeadraceError.from(error).toJSON(),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await store.close();
