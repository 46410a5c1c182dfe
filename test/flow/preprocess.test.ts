/** `headrace preprocess`, as a user runs it. */
import assert from "node:assert/strict";
import { copyFile, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { workspace } from "./command.js";

const photo = resolve("test", "fidelity", "golden", "coffee.jpg");

test("preprocess says what the model gets of an image, and writes a picture of it", async () => {
  await using space = await workspace();
  const { code, stdout } = await space.run("preprocess", photo, "--show", "seen.png");
  assert.equal(code, 0);
  assert.match(stdout, /^pixels {3}shorter side to 256, the middle 224 x 224 of it, bicubic$/m);
  assert.match(stdout, /^tensor {3}uint8 \[224, 224, 3\]$/m);
  const png = await readFile(join(space.folder, "seen.png"));
  assert.equal(png.subarray(1, 4).toString("latin1"), "PNG");

  const document = await space.json(0, "preprocess", photo);
  assert.deepEqual([document["dtype"], document["shape"], document["show"]], ["uint8", [224, 224, 3], null]);
});

test("the guide shows what the shipped model gets", async () => {
  await using space = await workspace();
  await copyFile(resolve("test", "fidelity", "golden", "chelsea.jpg"), join(space.folder, "cat.jpg"));
  const { stdout } = await space.run("preprocess", "cat.jpg", "--show", "seen.png");
  const shown = stdout.split("\n").filter((line) => !line.startsWith("values"));
  const guide = (await readFile(resolve("docs", "guides", "preprocessing.md"), "utf8")).split("\n");
  assert.deepEqual(
    shown.filter((line) => !guide.includes(line)),
    [],
  );
});
