/** Every setting is read by code. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { ServiceConfig } from "../../src/app/index.js";
import { makeDecoding, makeEmbedder, makePreprocessor, makeStore } from "../../src/app/wiring/registry.js";
import { unreadSettings } from "./unread-settings.js";

/** What is planted in the sources: a text, and what is put after it. */
const plants: Readonly<Record<string, readonly (readonly [after: string, text: string])[]>> = {
  // A name that is read of many other things.
  "src/app/configuration/sections.ts": [
    ["limitsSection = z.strictObject({", 'name: z.string().default(""),'],
    ["asyncPipelineSection = z.strictObject({", "handedOn: count(1, ''), handedOnTwice: count(1, ''),"],
  ],
  "src/adapters/milvus/options.ts": [["milvusSection = z.strictObject({", "planted: z.boolean().default(false),"]],
  // Handed on, directly and by a variable, to a property that nothing reads.
  "src/operations/ingest.ts": [["export interface IngestWidths {", "readonly planted: number; readonly plantedToo: number;"]],
  "src/app/wiring/lanes.ts": [
    ["const feed = embedder?.feed ?? expectedFeed(settings);", "const { handedOnTwice: plantedToo } = asyncPipeline;"],
    ["numWorkers: preprocess.numWorkers,", "planted: (asyncPipeline.handedOn ?? 3) * 2, plantedToo,"],
  ],
};
const planted = ["asyncPipeline.handedOn", "asyncPipeline.handedOnTwice", "limits.name", "milvus.planted"];

describe("settings", () => {
  let unread: readonly string[] = [];
  before(() => {
    unread = unreadSettings(Object.fromEntries(Object.entries(plants).map(([path, texts]) => [path, withPlants(path, texts)])));
  });

  it("that nothing reads are found, whatever their name and wherever they are handed on", () => {
    assert.deepEqual(unread.filter((path) => planted.includes(path)).sort(), planted);
  });

  it("are all read", () => {
    assert.deepEqual(
      unread.filter((path) => !planted.includes(path)),
      [],
    );
  });

  it("of an adapter reach it", async () => {
    const asked = new Set<string>();
    const settings = recording(new ServiceConfig({ triton: {}, milvus: {}, postgres: {} }).settings(), asked, []);
    await makeEmbedder({ ...settings, triton: null });
    await makeEmbedder(settings);
    await makeStore("lancedb", settings);
    await makeStore("milvus", settings);
    await makeStore("postgres", settings);
    await makeDecoding(settings, () => assert.fail("no image is decoded"));
    const geometry = { kind: "squash", width: 2, height: 2, filter: "bicubic" } as const;
    const output = { dtype: "float32", layout: "NCHW", height: 2, width: 2 } as const;
    await makePreprocessor("jax", { name: "none", geometry, normalization: null, output }, settings);
    const theirs = Object.entries(settings).flatMap(([section, value]) => {
      const keys = value === null ? [] : Object.keys(value);
      return ["embedder", "triton", "milvus", "postgres", "lancedb", "insert"].includes(section)
        ? keys.map((key) => `${section}.${key}`)
        : [];
    });
    const wanted = [
      ...theirs,
      "preprocess.maxPixels",
      "preprocess.decodeBudgetMb",
      "preprocess.jaxThread",
      "preprocess.useGpu",
      "collections",
    ];
    assert.deepEqual(
      wanted.filter((path) => !asked.has(path)),
      [],
    );
  });
});

function withPlants(path: string, texts: readonly (readonly [string, string])[]): string {
  return texts.reduce(
    (text, [after, more]) => {
      assert.ok(text.includes(after), `${path} has no ${after}`);
      return text.replace(after, `${after} ${more}`);
    },
    readFileSync(path, "utf8"),
  );
}

/** The same settings, which note what is asked of them. */
function recording<T extends object>(settings: T, asked: Set<string>, path: readonly string[]): T {
  return new Proxy(settings, {
    get(target, key) {
      const at = [...path, String(key)];
      asked.add(at.join("."));
      const value: unknown = Reflect.get(target, key);
      return typeof value === "object" && value !== null ? recording(value, asked, at) : value;
    },
  });
}
