/** Where the calls of a reader happen. */
import assert from "node:assert/strict";
import { constants } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openWhereFast } from "./file-calls.js";

const self = fileURLToPath(import.meta.url);

test("after a slow file, 32 files are read in the pool, and the next one in the calling thread again", async () => {
  let now = 0;
  const open = openWhereFast(() => now);
  const opens = async (takesMs: number): Promise<"here" | "pool"> => {
    const opened = open(self, constants.O_RDONLY);
    now += takesMs;
    await (await opened).close();
    return opened instanceof Promise ? "pool" : "here";
  };
  assert.equal(await opens(1), "here");
  assert.equal(await opens(6), "here");
  for (let file = 0; file < 32; file += 1) assert.equal(await opens(0), "pool");
  assert.equal(await opens(6), "here");
  assert.equal(await opens(0), "pool");
});
