/** Odd and damaged inputs as a run meets them: in a folder, listed, read and decoded. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileReader, listFiles } from "../../src/adapters/fs/index.js";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import { makeConverters } from "../../src/app/decode-workers/converters.js";
import { type Geometry, HeadraceError, type ImageRef } from "../../src/contracts/index.js";
import { inputsPage, renderInputsPage } from "./inputs-page.js";
import { asNobody, damagedInputs, makeDamagedImages, makeOddImages, oddInputs } from "./make.js";

const geometry: Geometry = { kind: "crop", shorterSide: 256, width: 224, height: 224, filter: "bicubic" };
const signal = new AbortController().signal;

describe("odd and damaged inputs", () => {
  const folder = mkdtempSync(join(tmpdir(), "odd-"));
  const reader = fileReader();
  const decoder = sharpDecoder({}, makeConverters());
  const refs = new Map<string, ImageRef>();

  before(async () => {
    chmodSync(folder, 0o755);
    await makeOddImages(join(folder, "odd"));
    await makeDamagedImages(join(folder, "damaged"));
    const names = [...oddInputs.filter(({ name }) => name.endsWith(".svg")).map(({ name }) => join("odd", name)), "odd", "damaged"];
    for await (const ref of listFiles(names, { folder }).list(signal)) refs.set(basename(ref.location), ref);
  });
  after(() => rmSync(folder, { recursive: true }));

  const endOf = async (ref: ImageRef): Promise<string> => {
    try {
      const image = await reader.read(ref, { maxBytes: 1e8 }, signal);
      await decoder.decode(image, geometry, signal);
      return "stored";
    } catch (error) {
      if (HeadraceError.is(error)) return error.code;
      throw error;
    }
  };

  test("there are forty damaged ones, and no name twice", () => {
    const names = [...oddInputs, ...damagedInputs].map(({ name }) => name);
    assert.equal(damagedInputs.length, 40);
    assert.equal(new Set(names).size, names.length);
  });

  test("a listing names every one of them: nothing is left out silently", () => {
    assert.deepEqual([...refs.keys()].sort(), [...oddInputs, ...damagedInputs].map(({ name }) => name).sort());
  });

  for (const { name, what, ends } of [...oddInputs, ...damagedInputs])
    test(`${name} (${what}): ${ends}`, { timeout: 10_000 }, async () => {
      const ref = refs.get(name);
      assert.ok(ref, `${name} was not listed`);
      // As root, only as nobody is there anything that may not be read.
      assert.equal(ends === "source_forbidden" ? await asNobody(() => endOf(ref)) : await endOf(ref), ends);
    });

  test("a bomb costs no memory", async () => {
    const before = process.memoryUsage.rss();
    assert.equal(await endOf(refs.get("bomb.png") as ImageRef), "image_too_large");
    const grownMb = (process.memoryUsage.rss() - before) / 1e6;
    assert.ok(grownMb < 50, `grew by ${grownMb.toFixed(0)} MB`);
  });

  test("the page of the reference says the same", () => {
    assert.equal(readFileSync(inputsPage, "utf8"), renderInputsPage(), "run: node build/test/odd-images/inputs-page.js");
  });
});
