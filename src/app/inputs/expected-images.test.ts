/** Whether a request has more than a few images. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { expectedImages, expectedInputs } from "./expected-images.js";

test("up to three files are few images; folders, globs, lists, archives and four files are many", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-expected-"));
  try {
    const file = join(folder, "a.jpg");
    await writeFile(file, "");
    assert.equal(await expectedImages({ paths: [file, file, "https://127.0.0.1/a.jpg"] }), "few");
    assert.equal(await expectedImages({ paths: [folder], limit: 3 }), "few");
    for (const paths of [[folder], [join(folder, "*.jpg")], [join(folder, "a.tar")], [file, file, file, file]]) {
      assert.equal(await expectedImages({ paths }), "many", paths.join());
    }
    assert.equal(await expectedImages({ paths: [], filesFrom: file }), "many");
    assert.equal(await expectedImages({ paths: [], manifest: file }), "many");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a list of inputs tells whether it is long, and a stream does not", () => {
  async function* stream() {
    yield "a.jpg";
  }
  assert.deepEqual(
    [expectedInputs(["a", "b", "c"]), expectedInputs(["a", "b", "c", "d"]), expectedInputs(stream())],
    ["few", "many", "few"],
  );
});
