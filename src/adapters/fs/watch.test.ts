import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { watchFolder } from "./watch.js";

const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0);

test("new images are told, sorted, also those without an extension; nothing is told when the signal fires", async () => {
  const folder = mkdtempSync(join(tmpdir(), "watch-"));
  const watch = await watchFolder(folder, { settleMs: 50 });
  try {
    assert.deepEqual(await watch.next(AbortSignal.abort()), { paths: [], known: "all" });
    for (const name of ["b.jpg", "a", "c.txt", ".hidden.jpg"]) writeFileSync(join(folder, name), jpeg);
    const found = new Set<string>();
    while (found.size < 2) for (const path of (await watch.next(AbortSignal.timeout(60_000))).paths) found.add(path);
    assert.deepEqual([...found].sort(), [join(folder, "a"), join(folder, "b.jpg")]);
    const waiting = new AbortController();
    const next = watch.next(waiting.signal);
    waiting.abort();
    assert.deepEqual(await next, { paths: [], known: "all" });
  } finally {
    await watch.close();
    rmSync(folder, { recursive: true });
  }
});
