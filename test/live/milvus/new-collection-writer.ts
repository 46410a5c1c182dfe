/**
 * A process that begins a collection, or finds it begun, writes rows and does the upkeep, as a run does:
 * `node new-collection-writer.js HOST PORT NAME FROM COUNT`. Prints `ready`, and begins with the first line of its input.
 */
import { once } from "node:events";
import { milvusStore } from "../../../src/adapters/milvus/index.js";
import { milvusSettings } from "../../../src/adapters/milvus/options.js";
import { type Collection, HeadraceError, type Passport } from "../../../src/contracts/index.js";
import { keys, rowsOf } from "./rows.js";

const [host = "", port = "", name = "", from = "", count = ""] = process.argv.slice(2);
const { signal } = new AbortController();
const passport: Passport = { probes: [[1, 0]], labels: { model: "m" } };
const store = milvusStore(milvusSettings({ host, port: Number(port), index_type: "HNSW" }));
await store.open(signal);
process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdin.destroy();

const collection = await openOrCreate();
if (JSON.stringify(collection.passport) !== JSON.stringify(passport)) throw new Error("found no passport");
const ids = keys(Number(count), Number(from));
for (let at = 0; at < ids.length; at += 25) {
  const batch = rowsOf(ids.slice(at, at + 25), { dimension: 16 });
  await patiently(() => collection.known(batch.ids, signal));
  const contents = batch.facts.map(({ content }) => content);
  await patiently(() => collection.byContent(contents, signal));
  const failures = await collection.upsert(batch, signal);
  if (failures.length > 0) throw failures[0]!.error;
}
await collection.settle(signal);
await collection.upkeep("owed", signal);
await collection.close();
await store.close();

async function openOrCreate(): Promise<Collection> {
  const opened = await unless("collection_not_found", store.openCollection(name, "write"));
  const created = opened ?? (await unless("collection_exists", store.create(name, { dimension: 16, metric: "cosine", passport })));
  return created ?? store.openCollection(name, "write");
}

async function unless(code: string, opening: Promise<Collection>): Promise<Collection | null> {
  try {
    return await opening;
  } catch (error) {
    if (HeadraceError.is(error) && error.code === code) return null;
    throw error;
  }
}

/** What the engine does with a service that is away for a moment. */
async function patiently(ask: () => Promise<unknown>): Promise<void> {
  for (let left = 100; ; left -= 1) {
    try {
      await ask();
      return;
    } catch (error) {
      if (left === 0 || !HeadraceError.is(error) || error.scope !== "service") throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
