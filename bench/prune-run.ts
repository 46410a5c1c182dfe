/**
 * Stores rows of files that do not exist, then compares them with a listing, and deletes those that it does not name:
 * `node prune-run.js FOLDER make ROWS`, then `node prune-run.js FOLDER prune ROWS GONE`. Prints times and the largest memory as JSON.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { listFiles } from "../src/adapters/fs/index.js";
import { lancedbStore } from "../src/adapters/lancedb/index.js";
import { deleteKept } from "../src/app/deletions/delete-kept.js";
import { Looks } from "../src/app/deletions/looks.js";
import { ServiceConfig } from "../src/app/index.js";
import { openParts } from "../src/app/open-options.js";
import type { Collection, ImageFacts, ImageRef } from "../src/contracts/index.js";
import { fileUri, keyOf, metadataHash } from "../src/kit/index.js";
import { Arrivals, decidePrune, findGone, ListedSources } from "../src/operations/index.js";

const [folder = "", task = "prune", count = "1000000", goneCount = "100000"] = process.argv.slice(2);
const rows = Number(count);
const photos = join(folder, "photos");
const root = fileUri(photos);
const dimension = 8;
const batchRows = 20_000;
const perFolder = 1_000;
const { signal } = new AbortController();
const uriOf = (index: number) => `${root}/${String(Math.floor(index / perFolder)).padStart(4, "0")}/${index}.jpg`;

if (task === "make") await make();
else process.stdout.write(JSON.stringify(await pruned(Number(goneCount))));

async function make(): Promise<void> {
  for (let index = 0; index < rows; index += perFolder)
    await mkdir(join(photos, String(index / perFolder).padStart(4, "0")), { recursive: true });
  const store = lancedbStore({ path: join(folder, "data") });
  await store.open?.(signal);
  const passport = { probes: [Array.from({ length: dimension }, () => 1)], labels: {} };
  const collection = await store.create("photos", { dimension, metric: "cosine", passport });
  for (let start = 0; start < rows; start += batchRows) {
    const indexes = Array.from({ length: Math.min(batchRows, rows - start) }, (_, at) => start + at);
    const vectors = Float32Array.from(indexes.flatMap((index) => Array.from({ length: dimension }, (_, at) => ((index >> at) & 1) + 1)));
    const facts = indexes.map((index) => factsOf(uriOf(index)));
    await collection.upsert({ ids: facts.map(({ source }) => keyOf(source)), vectors, dimension, facts, ingestedAt: 1 }, signal);
  }
  await collection.upkeep("owed", signal);
  await collection.close();
  await store.close?.();
  process.stdout.write("{}");
}

function factsOf(source: string): ImageFacts {
  return {
    source,
    root,
    version: "1-1-1",
    content: keyOf(`bytes of ${source}`),
    metadata: {},
    metadataHash: metadataHash({}),
    width: 1,
    height: 1,
  };
}

/** The listing is simulated, because a million real files would take longer than what is measured. The looks are real. */
async function pruned(gone: number): Promise<Readonly<Record<string, number>>> {
  const config = new ServiceConfig({ lancedb: { path: join(folder, "data") } });
  const parts = await openParts(config, { parts: "lazy" });
  const store = await parts.store(signal);
  const collection: Collection = await store.openCollection("photos", "write");
  const listed = new ListedSources();
  for await (const _ of listFiles([photos], { onSource: listed.note }).list(signal));
  const given = (async function* () {
    for (let index = gone; index < rows; index += 1) {
      const uri = uriOf(index);
      const ref: ImageRef = { uri, location: uri, scheme: "file", root, version: "1-1-1", sizeBytes: 1, metadata: null };
      yield { id: keyOf(uri), ref };
    }
  })();
  for await (const _ of listed.remember(given));
  const s3 = parts.settings.s3;
  const isContained = listed.isContained.bind(listed);
  await using looks = new Looks({ s3, naming: undefined, sinceMs: 0, objects: "ask", isContained, signal });
  const started = performance.now();
  const found = await findGone(collection, listed, { look: looks.look, arrivals: new Arrivals(), signal });
  const comparedMs = performance.now() - started;
  const { ids } = decidePrune(found, listed, { share: 0.5 });
  const deleted = await deleteKept(parts, collection, ids, {
    command: "sync",
    signal,
    mayDelete: async (row) => {
      const standing = listed.standingOf(row);
      return standing?.standing === "unlisted" && (await looks.look(row, standing.source)) === null;
    },
  });
  const ms = performance.now() - started;
  await collection.close();
  await parts.close();
  return { ms, comparedMs, deleted, peakBytes: process.resourceUsage().maxRSS * 1024 };
}
