/** `headrace reembed` as a user calls it, with two preprocessings of the shipped model as two models. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Hit } from "../../src/contracts/index.js";
import { makeCorpus } from "../support/corpus/corpus.js";
import { workspace } from "./command.js";

interface ReembedDocument {
  readonly ended: string;
  readonly stored: number;
  readonly failed: number;
  readonly alias: string;
  readonly from: string;
  readonly to: string;
  readonly switched: boolean;
  readonly gate: { readonly rowsBefore: number; readonly rowsAfter: number; readonly missing: number } | null;
}

test("reembed fills after a kill, switches, rolls back to the same hits, switches again, and finishes", async () => {
  await using space = await workspace();
  const photos = join(space.folder, "photos");
  const corpus = await makeCorpus({ folder: photos, count: 60, seed: 5, sizes: "vga" });
  const config = join(space.folder, "new.yaml");
  await writeFile(config, "preprocess:\n  preset: clip\n");
  await space.json(0, "ingest", photos, "--collection", "photos");
  const query = join(photos, corpus.photos[0]!.file);
  const hits = async (...more: readonly string[]) =>
    (await space.json<{ readonly hits: readonly Hit[] }>(0, "search", query, "--collection", "live", ...more)).hits;

  const refused = await space.json<{ readonly error: { readonly hint: string } }>(2, "reembed", "photos", "--config", config);
  assert.match(refused.error.hint, /--alias photos_live/);
  const preview = await space.json<{ readonly to: string }>(0, "reembed", "photos", "--alias", "live", "--config", config, "--dry-run");
  const killed = space.start("reembed", "photos", "--alias", "live", "--config", config, "--set", "async_pipeline.insert_batch_size=5");
  const exit = once(killed, "exit");
  while ((await space.json<{ readonly collections: readonly unknown[] }>(0, "collection", "list")).collections.length < 2);
  killed.kill("SIGKILL");
  await exit;
  // On a slow machine, the command may have ended before it was killed.
  const { name } = await space.json<{ readonly name: string }>(0, "collection", "stats", "live");
  if (name !== "photos") await space.json(0, "reembed", "live", "--rollback");

  const before = await hits();
  const done = await space.json<ReembedDocument>(0, "reembed", "live", "--config", config);
  assert.deepEqual([done.ended, done.alias, done.from, done.to, done.switched], ["completed", "live", "photos", preview.to, true]);
  assert.deepEqual([done.gate?.rowsBefore, done.gate?.rowsAfter, done.gate?.missing], [60, 60, 0]);
  const mismatch = await space.json<{ readonly error: { readonly code: string } }>(1, "search", query, "--collection", "live");
  assert.equal(mismatch.error.code, "passport_mismatch");
  assert.notDeepEqual(await hits("--config", config), before);

  await space.json(0, "reembed", "live", "--rollback");
  assert.deepEqual(await hits(), before);
  const again = await space.json<ReembedDocument>(0, "reembed", "live", "--config", config);
  assert.deepEqual([again.switched, again.stored], [true, 0]);
  assert.match((await space.run("reembed", "live", "--finish")).stderr, /--yes/);
  const finished = await space.json(0, "reembed", "live", "--finish", "--yes");
  assert.deepEqual(finished, { alias: "live", collection: done.to, dropped: "photos", rows: 60, renamed: ["photos"] });
  assert.deepEqual((await space.json<{ readonly count: number }>(0, "count", "--collection", "photos")).count, 60);
});
