/** The example for both servers, as a program of its own over the built package: real Triton, real Milvus, nothing but a YAML file. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { makeCorpus } from "../../support/corpus/corpus.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton, type TritonServer } from "../../support/services/triton.js";
import { LiveMilvus, missing } from "./milvus.js";

const skip = missing === false ? await skipUnless("Triton", installTriton) : missing;
const count = 60;
const name = "example_images";

describe("the example triton-and-milvus", { skip }, () => {
  const live = new LiveMilvus(name);
  const folder = mkdtempSync(join(tmpdir(), "headrace-servers-"));
  const photos = join(folder, "photos");
  let triton: TritonServer;
  let files: readonly string[];

  before(async () => {
    triton = await startTriton({ models: [{ kind: "shipped", name: "photos_512", input: "uint8", projectTo: 512 }] });
    files = (await makeCorpus({ folder: photos, count, seed: 11, sizes: "vga" })).photos.map(({ file }) => file).sort();
  });
  after(async () => {
    await triton?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("stores every image by both calls, finds one by itself, and both collections hold the same vectors", async () => {
    const [host = "", port = ""] = live.server.address.split(":");
    const configuration = join(folder, "headrace.yaml");
    writeFileSync(
      configuration,
      [
        `triton: { url: "${triton.httpUrl}", model_name: photos_512 }`,
        `milvus: { host: "${host}", port: ${port}, metric_type: COSINE, index_type: HNSW, embedding_dim: 512 }`,
        "",
      ].join("\n"),
    );
    const program = [resolve("build/examples/triton-and-milvus.js"), photos, configuration, name];
    const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: folder });
    const { first, ...counts } = JSON.parse(stdout);
    const all = { ids: count, failures: 0, stored: count };
    assert.deepEqual(counts, { async: all, sync: all, rows: [count, count] });
    assert.equal(first.id, files[0]);
    assert.ok(first.score > 0.999, `${first.score}`);

    const [overlapped, sequential] = await Promise.all([vectorsOf(name), vectorsOf(`${name}_sync`)]);
    assert.deepEqual([...overlapped.keys()].sort(), files);
    assert.deepEqual([...sequential.keys()].sort(), files);
    for (const [id, vector] of overlapped) {
      assert.equal(vector.length, 512);
      const cosine = cosineOf(vector, sequential.get(id)!);
      assert.ok(cosine >= 0.9999, `${id}: ${cosine}`);
    }
    assert.ok(cosineOf(overlapped.get(files[0]!)!, overlapped.get(files[1]!)!) < 0.9999, "different images differ");
  });

  /** Each row once: a key that is stored twice fails. */
  async function vectorsOf(collectionName: string): Promise<ReadonlyMap<string, Float32Array>> {
    const collection = await (await live.store()).openCollection(collectionName, "read");
    const vectors = new Map<string, Float32Array>();
    for await (const rows of collection.scan({ vectors: "include" })) {
      for (const { id, vector } of rows) {
        assert.ok(!vectors.has(String(id)), `${id} is stored twice`);
        vectors.set(String(id), vector!);
      }
    }
    return vectors;
  }
});

function cosineOf(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, at) => sum + value * y[at]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
