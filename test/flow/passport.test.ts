import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { makeCorpus } from "../support/corpus/corpus.js";
import { workspace } from "./command.js";

const corpusFolder = resolve(".cache", "corpus", "flow");
const otherGraph = resolve("models", "efficientnet-lite0.onnx");

test("vectors of another preprocessing or model never come into a collection, nor into a search of it", async () => {
  await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  const files = (await readdir(corpusFolder))
    .filter((name) => name.endsWith(".jpg"))
    .sort()
    .map((name) => join(corpusFolder, name));
  await using space = await workspace();
  await space.json(0, "ingest", ...files.slice(0, 5));
  const more = files.slice(5, 10);
  for (const [sentence, settings] of [
    ["another geometry", ["preprocess.preset=clip"]],
    ["no geometry", ["preprocess.preset=none"]],
    ["another normalisation", [`embedder.model=${otherGraph}`, "preprocess.preset=imagenet"]],
  ] as const) {
    const flags = settings.flatMap((setting) => ["--set", setting]);
    for (const command of [
      ["ingest", ...more],
      ["search", files[0] ?? ""],
    ]) {
      const { error } = await space.json<{ error: { code: string; message: string } }>(1, ...command, ...flags);
      assert.equal(error.code, "passport_mismatch", sentence);
      assert.match(error.message, /cosine/);
    }
  }
  assert.equal((await space.json<{ count: number }>(0, "collection", "stats", "images")).count, 5);
});

test("a store that is told of vectors of another length than the model's is a contradiction, before anything is embedded or stored", async () => {
  await using space = await workspace();
  const photo = resolve("test", "fidelity", "golden", "coffee.jpg");
  const { error } = await space.json<{ error: { code: string; message: string } }>(
    2,
    "embed",
    photo,
    "--output",
    "vectors.npy",
    "--set",
    "milvus.embedding_dim=512",
  );
  assert.equal(error.code, "config_conflict", error.message);
  assert.match(error.message, /milvus\.embedding_dim: expected 1280, .*found 512/);
});

test("the same model in another graph, with other threads and batches is accepted", async () => {
  await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  const files = (await readdir(corpusFolder))
    .filter((name) => name.endsWith(".jpg"))
    .sort()
    .map((name) => join(corpusFolder, name));
  await using space = await workspace();
  await space.json(0, "ingest", ...files.slice(0, 5));
  const flags = [`embedder.model=${otherGraph}`, "embedder.sessions=1", "preprocess.batch_size=1"].flatMap((setting) => ["--set", setting]);
  const document = await space.json<{ stored: number }>(0, "ingest", ...files.slice(5, 10), ...flags);
  assert.equal(document.stored, 5);
  const { hits } = await space.json<{ hits: { score: number; source: string }[] }>(0, "search", files[0] ?? "", "--topk", "1", ...flags);
  assert.ok(hits[0]?.source.endsWith(files[0] ?? "?") && hits[0].score > 0.999);
});
