/** A process that ingests a folder with the real parts and kills itself (-9) at a named point: `node killed-run.js FOLDER DATA POINT N`. */
import { resolve } from "node:path";
import { fileReader } from "../../src/adapters/fs/index.js";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { onnxEmbedder } from "../../src/adapters/onnx/index.js";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../src/app/index.js";
import type { Collection, Embedder, ImageDecoder, Reader, VectorStore } from "../../src/contracts/index.js";

const [folder = "", data = "", point = "", count = "1"] = process.argv.slice(2);
let left = Number(count);

/** Ends the process when the named point is reached for the n-th time. */
function reach(name: string): void {
  if (name !== point) return;
  left -= 1;
  if (left <= 0) process.kill(process.pid, "SIGKILL");
}

const config = new ServiceConfig({ lancedb: { path: data }, asyncPipeline: { insertBatchSize: 10 } });
const pipeline = await ImageEmbeddingPipeline.open(config, {
  parts: "lazy",
  own: {
    store: killableStore(lancedbStore({ path: data })),
    embedder: killableEmbedder(onnxEmbedder()),
    decoder: killableDecoder(sharpDecoder()),
    readers: [killableReader(fileReader())],
  },
});
const run = await pipeline.ingest({ inputs: listInputs({ paths: [resolve(folder)] }), collectionName: "photos", schedule: "overlapped" });
const report = await run.done;
await pipeline.close();
process.stdout.write(`${JSON.stringify({ ended: report.ended, stored: report.stored, skipped: report.skipped })}\n`);

function killableReader(reader: Reader): Reader {
  return {
    ...reader,
    read: async (...args) => {
      const encoded = await reader.read(...args);
      reach("after read");
      return encoded;
    },
  };
}

function killableDecoder(decoder: ImageDecoder): ImageDecoder {
  return after(decoder, "decode", "after decode");
}

function killableEmbedder(embedder: Embedder): Embedder {
  return after(embedder, "embed", "after inference");
}

function killableStore(store: VectorStore): VectorStore {
  const wrap = (making: Promise<Collection>): Promise<Collection> => making.then(killableCollection);
  return proxied(store, {
    create: (...args: Parameters<VectorStore["create"]>) => wrap(store.create(...args)),
    openCollection: (...args: Parameters<VectorStore["openCollection"]>) => wrap(store.openCollection(...args)),
  });
}

function killableCollection(collection: Collection): Collection {
  return proxied(collection, {
    upsert: async (...args: Parameters<Collection["upsert"]>) => {
      reach("before upsert");
      const failures = await collection.upsert(...args);
      reach("after upsert");
      return failures;
    },
    upkeep: async (...args: Parameters<Collection["upkeep"]>) => {
      setTimeout(() => reach("during optimize"), 2);
      await collection.upkeep(...args);
    },
  });
}

/** The same part; one method reaches a point when it has done its work. */
function after<T extends object, K extends keyof T>(part: T, method: K, name: string): T {
  const original = part[method] as (...args: unknown[]) => Promise<unknown>;
  const replaced = async (...args: unknown[]): Promise<unknown> => {
    const result = await original.apply(part, args);
    reach(name);
    return result;
  };
  return proxied(part, { [method]: replaced });
}

function proxied<T extends object>(part: T, replaced: object): T {
  return new Proxy(part, {
    get: (target, key) => {
      if (key in replaced) return (replaced as Record<PropertyKey, unknown>)[key];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
