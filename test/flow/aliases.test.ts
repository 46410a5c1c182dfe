/** Aliases of collections, through the command and the library. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { encodePng } from "../../src/kit/index.js";
import { workspace } from "./command.js";

/** A picture of one colour. Each shade has other bytes. */
function picture(shade: number): Uint8Array {
  return encodePng({ width: 8, height: 8, channels: 3, data: new Uint8Array(8 * 8 * 3).fill(shade) }, 1);
}

interface Listed {
  readonly collections: readonly { readonly name: string; readonly count: number; readonly aliases: readonly string[] }[];
}

test("every command takes an alias for a name, and failures are kept under the name of the collection", async () => {
  await using space = await workspace();
  const photos = join(space.folder, "photos");
  await mkdir(photos);
  for (const shade of [10, 20, 30]) await writeFile(join(photos, `${shade}.png`), picture(shade));
  await space.json(0, "ingest", photos, "--collection", "first");
  assert.deepEqual(await space.json(0, "collection", "alias", "set", "live", "first"), { alias: "live", collection: "first" });
  assert.deepEqual(await space.json(0, "collection", "alias", "list"), { aliases: [{ alias: "live", collection: "first" }] });

  await writeFile(join(photos, "40.png"), picture(40));
  await writeFile(join(photos, "50.png"), "damaged");
  const ingested = await space.json<{ readonly deadLetters: string }>(3, "ingest", photos, "--collection", "live");
  assert.match(ingested.deadLetters, /first\.jsonl$/);
  await writeFile(join(photos, "50.png"), picture(50));
  assert.equal((await space.json<{ readonly stored: number }>(0, "retry", "live")).stored, 1);
  assert.equal(existsSync(ingested.deadLetters), false);

  assert.equal((await space.json<{ readonly count: number }>(0, "count", "--collection", "live")).count, 5);
  const { hits } = await space.json<{ readonly hits: readonly { readonly source: string }[] }>(
    0,
    "search",
    join(photos, "40.png"),
    "--collection",
    "live",
  );
  assert.match(hits[0]?.source ?? "", /40\.png$/);
  assert.equal((await space.json<{ readonly name: string }>(0, "collection", "stats", "live")).name, "first");
  assert.equal((await space.json<{ readonly stored: number }>(0, "copy", "--from", "live", "--to", "second")).stored, 5);
  const { collections } = await space.json<Listed>(0, "collection", "list");
  assert.deepEqual(
    collections.map(({ name, count, aliases }) => [name, count, aliases]),
    [
      ["first", 5, ["live"]],
      ["second", 5, []],
    ],
  );

  const refused = await space.json<{ readonly error: { readonly code: string; readonly hint: string } }>(
    1,
    "collection",
    "drop",
    "first",
    "--yes",
  );
  assert.equal(refused.error.code, "collection_aliased");
  assert.match(refused.error.hint, /collection alias set live/);
  await space.json(0, "collection", "alias", "set", "live", "second");
  assert.equal(
    (await space.json<{ readonly deleted: number }>(0, "delete", "--collection", "live", "--filter", "width > 0", "--yes")).deleted,
    5,
  );
  assert.equal((await space.json<{ readonly count: number }>(0, "count", "--collection", "first")).count, 5);
  await space.json(0, "collection", "drop", "first", "--yes");
  await space.json(0, "collection", "alias", "drop", "live");
  await space.json(1, "count", "--collection", "live");
});

test("a run writes to the collection that its alias named when the run began", async () => {
  const store = memoryStore();
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(), { own: { store, embedder: memoryEmbedder() } });
  for (const name of ["first", "second"]) await pipeline.createCollection(name);
  await pipeline.aliases.set("live", "first");
  async function* inputs() {
    yield picture(1);
    await pipeline.aliases.set("live", "second");
    yield picture(2);
  }
  await pipeline.insertImagesAsync({ inputs: inputs(), collectionName: "live" });
  assert.deepEqual([await pipeline.count("first"), await pipeline.count("second")], [2, 0]);
  await pipeline.insertImagesAsync({ inputs: [picture(3)], collectionName: "live" });
  assert.deepEqual([await pipeline.count("first"), await pipeline.count("second"), await pipeline.count("live")], [2, 1, 1]);
});
