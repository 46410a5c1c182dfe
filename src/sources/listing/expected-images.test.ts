/** Whether a request has more than a few images. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { expectedImages, expectedInputs } from "./expected-images.js";

test("up to 32 files, also of a folder, are few images; folders in folders, globs, lists and archives are many", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-expected-"));
  try {
    const file = join(folder, "a.jpg");
    await writeFile(file, "");
    const expected = (paths: readonly string[]) => expectedImages({ paths });
    assert.equal(await expected([file, folder, "https://127.0.0.1/a.jpg"]), "few");
    for (const paths of [
      Array<string>(33).fill(file),
      [join(folder, "*.jpg")],
      [join(folder, "a.tar")],
      ["https://127.0.0.1/{1..99}.jpg"],
    ]) {
      assert.equal(await expected(paths), "many", paths.join());
    }
    assert.equal(await expectedImages({ paths: [], filesFrom: file }), "many");
    assert.equal(await expectedImages({ paths: [], manifest: file }), "many");
    await mkdir(join(folder, "more"));
    assert.equal(await expected([folder]), "many");
    for (let more = 0; more < 33; more += 1) await writeFile(join(folder, "more", `${more}.jpg`), "");
    assert.equal(await expected([join(folder, "more")]), "many");
    assert.equal(await expectedImages({ paths: [folder], limit: 32 }), "few");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a list of inputs tells whether it is long, and a stream does not", () => {
  async function* stream() {
    yield "a.jpg";
  }
  const lists = [Array<string>(32).fill("a.jpg"), Array<string>(33).fill("a.jpg"), stream()];
  assert.deepEqual(lists.map(expectedInputs), ["few", "many", "few"]);
});
