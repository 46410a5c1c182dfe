/** Shards that Python's webdataset has written: each sample is a row with its metadata, which Python's lancedb and pyarrow read back. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../src/app/index.js";
import { skipUnless } from "../support/services/required.js";
import { installVenv } from "../support/services/venv.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../../test/sources/shards.py", import.meta.url));
const samples = 250;

const writer = () => installVenv({ name: "webdataset", installs: [["webdataset==1.0.2"]] });
const reader = () => installVenv({ name: "lancedb", installs: [["lancedb==0.40.0", "pyarrow==26.0.1"]] });
const skip = (await skipUnless("Python's webdataset", writer)) || (await skipUnless("Python's pyarrow", reader));

interface Stored {
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly { readonly source: string; readonly index: number }[];
}

describe("Python's webdataset", { skip }, () => {
  for (const [ending, scheme] of [
    ["tar", "tar"],
    ["tar.gz", "tgz"],
  ] as const) {
    test(`samples of .${ending} shards have exact counts, sources and metadata, and the second run knows them`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "headrace-webdataset-"));
      try {
        await run((await writer()).python, [script, "write", join(folder, `shard-%06d.${ending}`), String(samples)]);
        const data = join(folder, "data");
        assert.deepEqual(await ingested(data, await shardsOf(folder, ending)), {
          ended: "completed",
          read: samples,
          failed: 0,
          rows: samples,
        });
        assert.deepEqual(await ingested(data, await shardsOf(folder, ending)), {
          ended: "completed",
          read: samples,
          failed: 0,
          rows: samples,
        });
        const { stdout } = await run((await reader()).python, [script, "rows", data], { maxBuffer: 64 * 1024 * 1024 });
        const { types, rows } = JSON.parse(stdout) as Stored;
        assert.deepEqual(types, { source: "string", index: "double", label: "string", is_odd: "bool", txt: "string", cls: "string" });
        assert.deepEqual(
          [...rows].sort((a, b) => a.index - b.index),
          Array.from({ length: samples }, (_, index) => sampleRow(folder, scheme, ending, index)),
        );
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }

  test("reads the shards that Headrace writes: all samples, their metadata, images and vectors", async () => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-webdataset-"));
    try {
      const photos = await manyPhotos(join(folder, "photos"));
      const own = { decoder: memoryDecoder(), embedder: memoryEmbedder() };
      await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: join(folder, "data") } }), { own });
      await pipeline.insertImagesAsync({
        inputs: photos.map((input, index) => ({ input, metadata: { index, is_odd: index % 2 === 1 } })),
        collectionName: "photos",
      });
      const shards = { maxImages: 100 };
      const request = { from: { collection: "photos" }, output: join(folder, "out"), format: "webdataset", shards } as const;
      assert.equal((await (await pipeline.exportCollection(request)).done).stored, samples);
      const { stdout } = await run((await writer()).python, [script, "read", join(folder, "out", "photos-{000000..000002}.tar")], {
        maxBuffer: 64 * 1024 * 1024,
      });
      const read = JSON.parse(stdout) as readonly ReadSample[];
      assert.equal(new Set(read.map(({ key }) => key)).size, samples);
      const ids = read.map(({ json }) => json.key);
      const rows = new Map((await pipeline.rows("photos", ids, { vectors: "include" })).map((row) => [row.id, row]));
      for (const { json, imageBytes, vector } of read) {
        assert.equal(imageBytes, `photo ${json.index}`.length);
        assert.deepEqual(vector, [...rows.get(json.key)!.vector!]);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

interface ReadSample {
  readonly key: string;
  readonly json: { readonly key: string; readonly index: number };
  readonly imageBytes: number;
  readonly vector: readonly number[];
}

async function manyPhotos(folder: string): Promise<readonly string[]> {
  await mkdir(folder);
  const paths = Array.from({ length: samples }, (_, index) => join(folder, `${index}.jpg`));
  await Promise.all(paths.map((path, index) => writeFile(path, `photo ${index}`)));
  return paths;
}

async function shardsOf(folder: string, ending: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => join(folder, name));
}

async function ingested(data: string, paths: readonly string[]) {
  const own = { decoder: memoryDecoder(), embedder: memoryEmbedder() };
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: data } }), { own });
  const request = { inputs: listInputs({ paths }), collectionName: "photos", schedule: "overlapped" } as const;
  const { ended, read, failed } = await (await pipeline.ingest(request)).done;
  return { ended, read, failed, rows: await pipeline.count("photos") };
}

function sampleRow(folder: string, scheme: string, ending: string, index: number) {
  const shard = String(Math.floor(index / 100)).padStart(6, "0");
  const key = `album-${index % 3}/${String(index).padStart(6, "0")}`;
  return {
    source: `${scheme}://${folder}/shard-${shard}.${ending}#${key}.jpg`,
    index,
    label: `label ${index % 7}`,
    is_odd: index % 2 === 1,
    txt: `The photo with number ${index}`,
    cls: String(index % 10),
  };
}
