/** What workers load at their start: 64 decode workers evaluate it 64 times. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const worker = new URL("../../../dist/app/decode-workers/worker.js", import.meta.url);

test("a decode worker starts with less than 100 kB of the package's code", () => {
  const loaded = new Map<string, string>();
  const load = (file: URL): void => {
    if (loaded.has(file.href)) return;
    const code = readFileSync(file, "utf8");
    loaded.set(file.href, code);
    for (const [, path] of code.matchAll(/(?:from|^import) "(\.[^"]+)"/gm)) load(new URL(path!, file));
  };
  load(worker);
  const bytes = [...loaded.values()].reduce((sum, code) => sum + code.length, 0);
  assert.ok(bytes > 20_000 && bytes < 100_000, `found ${bytes} bytes in ${[...loaded.keys()].join(", ")}`);
});
