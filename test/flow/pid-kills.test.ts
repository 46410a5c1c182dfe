/** A command is its process: after `kill -9` of what a person started, nothing of it runs on and nothing is locked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { extent } from "../support/extent.js";
import { killPids } from "../support/pid-kills.js";
import { workspace } from "./command.js";

test("after kill -9 of the started process, the same command starts again at once, and the last one leaves exactly the source", {
  timeout: 300_000,
}, async () => {
  await using space = await workspace();
  const moments = extent({ some: [0.25, 0.65], all: [0.1, 0.25, 0.35, 0.5, 0.65, 0.9] });
  const images = extent({ some: 600, all: 1_500 });
  const { rows } = await killPids(space, {
    node: process.execPath,
    kills: moments.length,
    images,
    random: (kill) => moments[kill]!,
  });
  assert.equal(rows, images);
});
