/** A source that changes, or loses its permissions, while a run reads it: a clear error for each image, and the next run completes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type InsertStats, listInputs, type RunRequest, ServiceConfig } from "../../src/app/index.js";
import type { Outcome } from "../../src/contracts/index.js";
import { asNobody } from "../odd-images/nobody.js";

const images = 200;
/** So many of the first half are stored before the second half is handed on. */
const enough = 50;
const collectionName = "photos";

test("files that are replaced, cut or deleted between listing and reading are stored as they are then, or named", async () => {
  await withSource(async ({ pipeline, photos, ingest }) => {
    const changed = async (): Promise<void> => {
      await rm(fileAt(photos, 3));
      await truncate(fileAt(photos, 5), 4);
      await writeFile(fileAt(photos, 7), "another photo");
    };
    const first = await ingest({ afterListing: changed });
    assert.deepEqual([first.ended, first.stored, first.failed], ["completed", images - 1, 1]);
    assert.deepEqual(first.codes, { "3.jpg": "source_not_found" });
    assert.equal(first.read, first.stored + first.skipped + first.failed + first.abandoned);
    for (const index of [5, 7]) assert.equal(await contentOf(pipeline, index), await hashOf(fileAt(photos, index)));

    await writeFile(fileAt(photos, 3), "it is back");
    const second = await ingest();
    assert.deepEqual([second.ended, second.stored + second.skipped, second.failed, second.deadLetters], ["completed", images, 0, 0]);
    assert.equal(await pipeline.count(collectionName), images);
  });
});

test("files that lose their permissions half-way fail as source_forbidden, and are stored when they can be read again", async () => {
  await withSource(async ({ pipeline, photos, ingest }) => {
    const all = Array.from({ length: images }, (_, index) => fileAt(photos, index));
    const first = await ingest({
      betweenHalves: async () => {
        for (const path of all) await chmod(path, 0);
      },
    });
    assert.equal(first.ended, "completed");
    assert.ok(first.failed >= images / 2 && first.stored >= enough, `${first.stored} stored, ${first.failed} failed`);
    assert.deepEqual([...new Set(Object.values(first.codes))], ["source_forbidden"]);
    assert.equal(first.stored + first.failed, images);
    assert.equal(await pipeline.count(collectionName), first.stored);

    for (const path of all) await chmod(path, 0o644);
    const second = await ingest();
    assert.deepEqual([second.ended, second.stored + second.skipped, second.failed, second.deadLetters], ["completed", images, 0, 0]);
    assert.equal(await pipeline.count(collectionName), images);
  });
});

test("rows below a folder that cannot be listed any more survive a sync with deletion", async () => {
  await withSource(async ({ pipeline, photos, ingest }) => {
    const closed = join(photos, "closed");
    await mkdir(closed);
    for (let index = 0; index < 20; index++) await writeFile(join(closed, `${index}.jpg`), `closed ${index}`);
    await ingest();
    await chmod(closed, 0);
    const { done } = await pipeline.sync({ source: { paths: [photos] }, collectionName, missing: "delete" });
    const { pruned, failed } = await done;
    assert.deepEqual([pruned, failed, await pipeline.count(collectionName)], [0, 1, images + 20]);
    await chmod(closed, 0o755);
    const again = await (await pipeline.sync({ source: { paths: [photos] }, collectionName, missing: "delete" })).done;
    // Files as new as these are read again: a second change in the same moment would not be noticed.
    assert.deepEqual([again.pruned, again.failed, again.unchanged + again.changed], [0, 0, images + 20]);
  });
});

interface Ending extends InsertStats {
  /** The codes of the failures by the name of the file. */
  readonly codes: Readonly<Record<string, string>>;
}

interface Source {
  readonly pipeline: ImageEmbeddingPipeline;
  readonly photos: string;
  readonly ingest: (hooks?: {
    readonly afterListing?: () => Promise<void>;
    readonly betweenHalves?: () => Promise<void>;
  }) => Promise<Ending>;
}

/** Root may read everything, so all this happens as another user. */
function withSource(work: (source: Source) => Promise<void>): Promise<void> {
  return asNobody(async () => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-changing-"));
    const photos = join(folder, "photos");
    await mkdir(photos);
    for (let index = 0; index < images; index++) await writeFile(fileAt(photos, index), `photo number ${index}`);
    const config = new ServiceConfig({ lancedb: { path: join(folder, "data") }, asyncPipeline: { insertBatchSize: 10 } });
    try {
      await using pipeline = await ImageEmbeddingPipeline.open(config, { own: { embedder: memoryEmbedder(), decoder: memoryDecoder() } });
      await work({ pipeline, photos, ingest: (hooks = {}) => ingested(pipeline, photos, hooks) });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

async function ingested(
  pipeline: ImageEmbeddingPipeline,
  photos: string,
  { afterListing = async () => {}, betweenHalves }: NonNullable<Parameters<Source["ingest"]>[0]>,
): Promise<Ending> {
  const codes: Record<string, string> = {};
  const outcomes = new EventEmitter();
  const enoughStored = once(outcomes, "enough");
  let settled = 0;
  const inputs: RunRequest["inputs"] = async function* (stop) {
    const listed = [];
    for await (const input of listInputs({ paths: [photos] })(stop)) listed.push(input);
    await afterListing();
    yield* listed.slice(0, images / 2);
    if (betweenHalves !== undefined) {
      await enoughStored;
      await betweenHalves();
    }
    yield* listed.slice(images / 2);
  };
  const note = (outcome: Outcome): void => {
    if (outcome.kind === "failed") codes[basename(outcome.facts.source)] = outcome.error.code;
    settled += 1;
    if (settled === enough) outcomes.emit("enough");
  };
  const { done } = await pipeline.ingest({ inputs, collectionName, schedule: "overlapped", onOutcome: note });
  return { ...(await done), codes };
}

async function contentOf(pipeline: ImageEmbeddingPipeline, index: number): Promise<string | undefined> {
  for await (const rows of pipeline.scan(collectionName, { vectors: "omit" }))
    for (const { facts } of rows) if (basename(facts.source) === `${index}.jpg`) return facts.content;
  return undefined;
}

async function hashOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

function fileAt(folder: string, index: number): string {
  return join(folder, `${index}.jpg`);
}
