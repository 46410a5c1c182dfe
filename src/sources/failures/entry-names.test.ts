/** Entries of a dead-letter file belong to ids. Lines that earlier versions wrote are read, tried again and removed like any other. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type ErrorCode, HeadraceError, type ImageFacts, type Key, type Outcome } from "../../contracts/index.js";
import { keyOf } from "../../kit/index.js";
import type { DeadLetter } from "./dead-letter.js";
import { readDeadLetters } from "./dead-letter-file.js";
import { DeadLetters } from "./dead-letters.js";
import type { IdType } from "./entry-name.js";
import { listedInput } from "./retry-inputs.js";

const url = "https://shop.example/none.jpg";

describe("the entries of a dead-letter file", () => {
  let folder = "";
  let path = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-entries-"));
    path = join(folder, "photos.jsonl");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const entries = async (idType: IdType = "text"): Promise<readonly DeadLetter[]> => {
    const letters: DeadLetter[] = [];
    for await (const letter of readDeadLetters(path, { idType })) letters.push(letter);
    return letters;
  };
  const ids = async () => (await entries()).map(({ id }) => id).sort();
  /** One run with these outcomes. `listed`: the files that it has listed to their end. */
  const run = async (outcomes: readonly Outcome[], idType: IdType = "text", listed: readonly string[] = []): Promise<DeadLetters> => {
    const letters = await DeadLetters.open(path, { idType });
    await Promise.all(outcomes.map((outcome) => letters.settle(outcome)));
    await letters.finish(listed);
    return letters;
  };
  const write = (...lines: readonly object[]) => writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));

  it("are as many as the ids that failed, also with one source", async () => {
    const letters = await run(["sku-1", "sku-2", "sku-3"].map((id) => failed(url, id)));
    assert.deepEqual([letters.size, letters.fromEarlierRuns, await ids()], [3, 0, ["sku-1", "sku-2", "sku-3"]]);
    const later = await run([stored(url, "sku-2")]);
    assert.deepEqual([later.size, later.fromEarlierRuns, await ids()], [2, 2, ["sku-1", "sku-3"]]);
  });

  it("stay when another id with the same source is stored, before and after, in the same run and in later ones", async () => {
    await run([stored(url, "sku-0"), failed(url, "sku-1", "metadata_type"), stored(url, "sku-2")]);
    await run([stored(url, "sku-0"), stored(url, "sku-2")]);
    assert.deepEqual(await ids(), ["sku-1"]);
  });

  it("tell a number from a text with the same digits", async () => {
    await run([failed(url, 7n), failed(url, "7")], "int64");
    assert.deepEqual(
      (await entries("int64")).map((letter) => listedInput(letter).id),
      [7n, "7"],
    );
    await run([stored(url, 7n)], "int64");
    assert.deepEqual(
      (await entries("int64")).map((letter) => listedInput(letter).id),
      ["7"],
    );
  });

  it("without an own id leave when the image is stored under an id of its own, because a list now gives ids", async () => {
    await run([failed(url)]);
    await run([stored(url, "sku-1")]);
    assert.deepEqual(await ids(), []);
  });

  it("without an own id stay when they failed in the same run that stores the source under another id", async () => {
    for (const outcomes of [
      [failed(url, keyOf(url), "metadata_type"), stored(url, "sku-1")],
      [stored(url, "sku-1"), failed(url, keyOf(url), "metadata_type")],
    ]) {
      await run(outcomes);
      assert.deepEqual(await ids(), [keyOf(url)]);
    }
  });

  it("with an id that changed stay until this id is stored", async () => {
    await run([failed(url, "old-1")]);
    await run([stored(url, "new-1")]);
    assert.deepEqual(await ids(), ["old-1"]);
    await run([stored(url, "old-1")]);
    assert.deepEqual(await ids(), []);
  });

  it("of an id that two images have stay although the first is stored, and leave when their line is stored", async () => {
    const second = "file:///b.jpg";
    const outcomes = [failed(second, "sku-1", "id_duplicate", "m.jsonl:2"), stored("file:///a.jpg", "sku-1", "m.jsonl:1")];
    await run(outcomes);
    assert.deepEqual(
      (await entries()).map(({ code, source }) => [code, source]),
      [["id_duplicate", second]],
    );
    await run([stored("file:///a.jpg", "sku-1", "m.jsonl:1"), stored(second, "sku-2", "m.jsonl:2")]);
    assert.deepEqual(await entries(), []);
  });

  it("of ids that a program gave twice are as many as the images, and leave when the image is stored", async () => {
    await run([failed("file:///b.jpg", "1", "id_duplicate"), failed("file:///c.jpg", "1", "id_duplicate"), stored("file:///a.jpg", "1")]);
    assert.equal((await entries()).length, 2);
    await run([stored("file:///b.jpg", "2")]);
    assert.deepEqual(
      (await entries()).map(({ source }) => source),
      ["file:///c.jpg"],
    );
  });

  it("of a manifest line that cannot be used leave when the line is stored", async () => {
    await run([failed("m.jsonl:3", keyOf("m.jsonl:3"), "input_invalid", "m.jsonl:3")]);
    await run([stored(url, "sku-1", "m.jsonl:3")]);
    assert.deepEqual(await entries(), []);
  });

  it("of a table that could not be read leave when the whole table was listed", async () => {
    const table = "file:///photos.parquet";
    await run([failed(table)]);
    await run([stored(url, 1n)], "int64");
    assert.equal((await entries()).length, 1);
    await run([stored(url, 1n)], "int64", [table]);
    assert.deepEqual(await entries(), []);
  });

  describe("that earlier versions wrote", () => {
    const old = { code: "source_unreadable", message: "x", attempts: 1, time: "2026-01-01T00:00:00.000Z" };

    it("with only a source are read, tried again under the derived id, and removed", async () => {
      await write({ source: url });
      assert.deepEqual(
        (await entries()).map((letter) => [letter.failures, listedInput(letter).id]),
        [[1, keyOf(url)]],
      );
      await run([failed(url)]);
      assert.deepEqual(
        (await entries()).map(({ failures }) => failures),
        [2],
      );
      await run([stored(url)]);
      assert.deepEqual(await entries(), []);
      await write({ source: url });
      await run([stored(url, "sku-1")]);
      assert.deepEqual(await entries(), []);
    });

    it("with a number and no type have the type of the collection, and count their failures on", async () => {
      await write({ ...old, source: url, id: "7", line: "m.jsonl:1" }, { ...old, source: url, id: "8", line: "m.jsonl:2" });
      assert.deepEqual(
        (await entries("int64")).map((letter) => listedInput(letter).id),
        [7n, 8n],
      );
      assert.deepEqual(
        (await entries("text")).map((letter) => listedInput(letter).id),
        ["7", "8"],
      );
      await run([failed(url, 7n), stored(url, 8n)], "int64");
      assert.deepEqual(
        (await entries("int64")).map(({ id, idType, failures }) => [id, idType, failures]),
        [["7", "int64", 2]],
      );
      await run([stored(url, 7n)], "int64");
      assert.deepEqual(await entries("int64"), []);
    });

    it("of several ids with one source are several entries", async () => {
      await write(
        { ...old, source: url, id: "sku-1" },
        { ...old, source: url, id: "sku-2" },
        { ...old, source: url, id: "sku-1", time: "2026-01-02T00:00:00.000Z" },
      );
      assert.deepEqual(
        (await entries()).map(({ id, failures }) => [id, failures]),
        [
          ["sku-2", 1],
          ["sku-1", 2],
        ],
      );
    });
  });
});

function failed(source: string, id: Key = keyOf(source), code: ErrorCode = "source_unreadable", line?: string): Outcome {
  const error = new HeadraceError(code, "planted");
  return { kind: "failed", seq: 0, id, facts: factsOf(source, line), stage: "read", error, attempts: 1 };
}

function stored(source: string, id: Key = keyOf(source), line?: string): Outcome {
  return { kind: "stored", seq: 0, id, facts: factsOf(source, line), reused: false };
}

function factsOf(source: string, line: string | undefined): ImageFacts {
  const listed = { uri: source, location: source, scheme: "https", root: source, version: null, sizeBytes: null, metadata: null };
  const facts = { source, root: source, version: "", content: "", metadata: {}, metadataHash: "", width: 0, height: 0, listed };
  return line === undefined ? facts : { ...facts, line };
}
