/** Many products with one picture on the web: each has its own dead letter and its own row, and the picture is asked for a few times. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../src/app/index.js";
import { type Handler, imageServer } from "../sources/image-server.js";
import { extent } from "../support/extent.js";
import { workspace } from "./command.js";

const products = extent({ some: 5_000, all: 20_000 });
/** One, and another one whenever a failure was remembered for 30 s. */
const fewRequests = 10;
const maxMs = 60_000;

test(`${products} products with one address that fails are ${products} dead letters, and rows when it works again`, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-products-"));
  try {
    let isThere = false;
    const answer: Handler = ({ headers }, response) => {
      if (headers["if-none-match"] === '"1"') response.writeHead(304).end();
      else if (isThere) response.writeHead(200, { "content-type": "image/png", etag: '"1"' }).end("a picture");
      else response.writeHead(503).end();
    };
    await using server = await imageServer({ "/none.png": answer });
    const manifest = await manifestOf(folder, server.url, products);
    const timed = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
      const startedMs = performance.now();
      const before = server.requests.length;
      const result = await call();
      const elapsedMs = performance.now() - startedMs;
      const requests = server.requests.length - before;
      context.diagnostic(`${what}: ${Math.round(elapsedMs)} ms, ${requests} requests`);
      assert.ok(elapsedMs < maxMs, `${what}: ${elapsedMs} ms`);
      assert.ok(requests <= fewRequests, `${what}: ${requests} requests`);
      return result;
    };
    const own = { decoder: memoryDecoder(), embedder: memoryEmbedder() };
    const config = new ServiceConfig({ lancedb: { path: join(folder, "data") }, http: { maxRetries: 2, retryDelay: 0.1 } });
    await using pipeline = await ImageEmbeddingPipeline.open(config, { own });
    const ingest = async () => {
      const inputs = listInputs({ paths: [], manifest });
      return (await pipeline.ingest({ inputs, collectionName: "products", schedule: "overlapped" })).done;
    };

    const first = await timed("ingest", ingest);
    assert.deepEqual([first.stored, first.failed, first.deadLetters], [0, products, products]);
    assert.equal((await pipeline.previewRetry({ collectionName: "products" })).wouldTry, products);
    isThere = true;
    const retry = async () => (await pipeline.retryFailures({ collectionName: "products" })).done;
    const retried = await timed("retry", retry);
    assert.deepEqual([retried.tried, retried.stored, retried.failed, retried.deadLetters], [products, products, 0, 0]);
    assert.equal(await pipeline.count("products"), products);
    assert.equal(await pipeline.count("products", `at == ${products - 1}`), 1);
    const again = await timed("ingest again", ingest);
    assert.deepEqual([again.stored, again.skipped, again.failed], [0, products, 0]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("three products with one address of a server that is not there are three dead letters of the command", async () => {
  await using space = await workspace();
  const manifest = await manifestOf(space.folder, "http://127.0.0.1:9", 3);
  const quick = ["--set", "http.max_retries=0"];
  await space.json(3, "ingest", "--manifest", manifest, ...quick);
  assert.equal((await space.json<{ wouldTry: number }>(0, "retry", "--dry-run")).wouldTry, 3);
  const { tried, failed } = await space.json<{ tried: number; failed: number }>(3, "retry", ...quick);
  assert.deepEqual([tried, failed], [3, 3]);
});

test("a product that fails by its own metadata keeps its entry beside another one that is stored with the same picture", async () => {
  await using space = await workspace();
  const input = resolve("test", "fidelity", "golden", "coffee.jpg");
  const line = (id: string, price: unknown) => JSON.stringify({ input, id, metadata: { price } });
  await writeFile(join(space.folder, "m.jsonl"), [line("a", 1), line("b", "free"), line("c", 2)].join("\n"));
  const { stored, failed } = await space.json<{ stored: number; failed: number }>(3, "ingest", "--manifest", "m.jsonl");
  assert.deepEqual([stored, failed], [2, 1]);
  const dry = await space.json<{ codes: object }>(0, "retry", "--dry-run");
  assert.deepEqual(dry.codes, { metadata_type: 1 });
});

async function manifestOf(folder: string, url: string, count: number): Promise<string> {
  const path = join(folder, "products.jsonl");
  const lines = Array.from({ length: count }, (_, at) => JSON.stringify({ input: `${url}/none.png`, id: `sku-${at}`, metadata: { at } }));
  await writeFile(path, `${lines.join("\n")}\n`);
  return path;
}
