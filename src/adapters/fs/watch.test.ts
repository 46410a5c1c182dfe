import assert from "node:assert/strict";
import fs, { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type FolderWatch, watchFolder } from "./watch.js";

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

/** The watches of this process, as the system counts them. */
function watchesOfSystem(): number {
  const lines = readdirSync("/proc/self/fdinfo").flatMap((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, "utf8").split("\n");
    } catch {
      return [];
    }
  });
  return lines.filter((line) => line.startsWith("inotify")).length;
}

async function untilFound(watch: FolderWatch, expected: readonly string[]): Promise<void> {
  const found = new Set<string>();
  const limit = AbortSignal.timeout(60_000);
  while (expected.some((path) => !found.has(path))) {
    for (const path of (await watch.next(limit)).paths) found.add(path);
    assert.ok(!limit.aborted, `found only ${[...found].join(", ")}`);
  }
}

test("20,000 files in 20 folders need 21 watches of the system, and new images in all of them are told", {
  skip: process.platform === "linux" ? false : "only Linux shows its watches",
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "watch-"));
  const folders = Array.from({ length: 20 }, (_, at) => join(folder, `${at}`));
  for (const each of folders) {
    mkdirSync(each);
    for (let file = 0; file < 1_000; file += 1) writeFileSync(join(each, `${file}.jpg`), "");
  }
  const before = watchesOfSystem();
  const watch = await watchFolder(folder, { settleMs: 50 });
  try {
    assert.equal(watchesOfSystem() - before, 21);
    const added = [folder, ...folders].map((each) => join(each, "new.jpg"));
    for (const path of added) writeFileSync(path, jpeg);
    await untilFound(watch, added);
  } finally {
    await watch.close();
    rmSync(folder, { recursive: true });
  }
  assert.equal(watchesOfSystem(), before);
});

test("folders that come, go, move or are replaced are watched where they are now; links to folders above are not followed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "watch-"));
  mkdirSync(join(folder, "a", "deep"), { recursive: true });
  symlinkSync(folder, join(folder, "a", "up"));
  const watch = await watchFolder(folder, { settleMs: 50 });
  try {
    writeFileSync(join(folder, "a", "deep", "1.jpg"), jpeg);
    await untilFound(watch, [join(folder, "a", "deep", "1.jpg")]);
    renameSync(join(folder, "a"), join(folder, "b"));
    await untilFound(watch, [join(folder, "b", "deep", "1.jpg")]);
    writeFileSync(join(folder, "b", "deep", "2.jpg"), jpeg);
    await untilFound(watch, [join(folder, "b", "deep", "2.jpg")]);
    rmSync(join(folder, "b"), { recursive: true });
    mkdirSync(join(folder, "b"));
    writeFileSync(join(folder, "b", "3.jpg"), jpeg);
    await untilFound(watch, [join(folder, "b", "3.jpg")]);
    writeFileSync(join(folder, "b", "4.jpg"), jpeg);
    await untilFound(watch, [join(folder, "b", "4.jpg")]);
  } finally {
    await watch.close();
    rmSync(folder, { recursive: true });
  }
});

test("a folder that is away for a moment is told as lost, and is watched again when it is back", async () => {
  const parent = mkdtempSync(join(tmpdir(), "watch-"));
  const [folder, away] = [join(parent, "photos"), join(parent, "away")];
  mkdirSync(folder);
  const watch = await watchFolder(folder, { settleMs: 50 });
  try {
    renameSync(folder, away);
    assert.equal((await watch.next(AbortSignal.timeout(60_000))).known, "some");
    writeFileSync(join(away, "meanwhile.jpg"), jpeg);
    renameSync(away, folder);
    await untilFound(watch, [join(folder, "meanwhile.jpg")]);
    writeFileSync(join(folder, "later.jpg"), jpeg);
    await untilFound(watch, [join(folder, "later.jpg")]);
  } finally {
    await watch.close();
    rmSync(parent, { recursive: true });
  }
});

test("a folder that takes the place of the watched one is watched after the watch was renewed", async () => {
  const parent = mkdtempSync(join(tmpdir(), "watch-"));
  const [folder, other] = [join(parent, "photos"), join(parent, "other")];
  mkdirSync(join(folder, "in"), { recursive: true });
  mkdirSync(join(other, "in"), { recursive: true });
  const watch = await watchFolder(folder, { settleMs: 50 });
  try {
    renameSync(join(folder, "in"), join(parent, "old"));
    renameSync(join(other, "in"), join(folder, "in"));
    await watch.renew();
    writeFileSync(join(folder, "in", "1.jpg"), jpeg);
    await untilFound(watch, [join(folder, "in", "1.jpg")]);
  } finally {
    await watch.close();
    rmSync(parent, { recursive: true });
  }
});

test("when the system allows no more watches, the watch says once what to raise, tells that changes may be lost, and watches the rest", async () => {
  const folder = mkdtempSync(join(tmpdir(), "watch-"));
  for (const name of ["a", "b", "c"]) mkdirSync(join(folder, name));
  const systemWatch = fs.watch;
  const refused = Object.assign(new Error("ENOSPC: System limit for number of file watchers reached"), { code: "ENOSPC" });
  Object.assign(fs, {
    watch: (...args: Parameters<typeof systemWatch>) => {
      if (args[0] === join(folder, "b") || args[0] === join(folder, "c")) throw refused;
      return systemWatch(...args);
    },
  });
  syncBuiltinESMExports();
  const notices: string[] = [];
  const watch = await watchFolder(folder, { settleMs: 50, onNotice: (message) => notices.push(message) });
  try {
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? "", /\(ENOSPC\).*Raise fs\.inotify\.max_user_watches and fs\.inotify\.max_user_instances\.$/);
    assert.equal((await watch.next(AbortSignal.timeout(60_000))).known, "some");
    writeFileSync(join(folder, "a", "1.jpg"), jpeg);
    await untilFound(watch, [join(folder, "a", "1.jpg")]);
  } finally {
    Object.assign(fs, { watch: systemWatch });
    syncBuiltinESMExports();
    await watch.close();
    rmSync(folder, { recursive: true });
  }
});
