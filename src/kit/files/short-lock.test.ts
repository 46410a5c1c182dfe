/** A lock that is held briefly: one holder at a time, and the lock of a process that was killed is free at once. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { ownIdentity } from "./process-identity.js";
import { withShortLock } from "./short-lock.js";

const noProcessTable = existsSync("/proc/self/stat") ? false : "no process table of Linux here";

describe("a short lock", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-lock-"));
    path = join(folder, "file.lock");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("has one holder at a time, however many wait", async () => {
    let holders = 0;
    const most: number[] = [];
    await Promise.all(
      Array.from({ length: 30 }, () =>
        withShortLock(path, async () => {
          holders += 1;
          most.push(holders);
          await new Promise(setImmediate);
          holders -= 1;
        }),
      ),
    );
    assert.deepEqual(new Set(most), new Set([1]));
    assert.deepEqual(await readdir(folder), []);
  });

  it("is taken from a process that was killed, at once, and by one of those who wait", { timeout: 15_000 }, async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    const dead = { ...ownIdentity(), pid: child.pid ?? 0, startedAt: "1" };
    child.kill("SIGKILL");
    await once(child, "exit");
    await writeFile(path, JSON.stringify({ ...dead, token: "of-the-dead" }));
    // Others of the same process waited for the lock.
    for (const token of [randomUUID(), randomUUID()]) await writeFile(`${path}.${token}`, JSON.stringify({ ...dead, token }));
    let holders = 0;
    await Promise.all(
      Array.from({ length: 10 }, () =>
        withShortLock(path, async () => {
          holders += 1;
          assert.equal(holders, 1);
          await new Promise(setImmediate);
          holders -= 1;
        }),
      ),
    );
    assert.deepEqual(await readdir(folder), []);
  });

  const times = { renewMs: 20, staleMs: 100 };
  /** Waits for the lock until it is certain that it would have been taken, if it could. */
  const isTakenAway = async (): Promise<boolean> => {
    try {
      await withShortLock(path, async () => undefined, { times, signal: AbortSignal.timeout(times.staleMs * 5) });
      return true;
    } catch (error) {
      assert.equal((error as Error).name, "AbortError");
      return false;
    }
  };

  it("is never taken from a process that is stopped, however long", { timeout: 15_000, skip: noProcessTable }, async () => {
    const holder = await holding(path);
    try {
      holder.kill("SIGSTOP");
      assert.equal(await isTakenAway(), false);
    } finally {
      holder.kill("SIGKILL");
      await once(holder, "exit");
    }
    assert.equal(await isTakenAway(), true);
  });

  it("of a process elsewhere is kept while it is renewed, by the clock of the files, and taken afterwards", {
    timeout: 15_000,
  }, async () => {
    await writeFile(path, JSON.stringify({ ...ownIdentity(), host: "another", token: "elsewhere" }));
    const renewing = setInterval(() => void touched(path), times.renewMs);
    // This machine's clock is an hour ahead of the clock of the files.
    mock.timers.enable({ apis: ["Date"], now: Date.now() + 3_600_000 });
    try {
      assert.equal(await isTakenAway(), false);
    } finally {
      mock.timers.reset();
      clearInterval(renewing);
    }
    assert.equal(await isTakenAway(), true);
  });

  it("tells its holder that another process has it now, and leaves the lock of the other alone", { timeout: 15_000 }, async () => {
    const other = JSON.stringify({ ...ownIdentity(), token: "another" });
    const lost = new AbortController();
    // Renewing does not keep a process alive.
    const awake = setInterval(() => undefined, 1_000);
    const use = async (): Promise<void> => {
      const isLost = once(lost.signal, "abort");
      await writeFile(path, other);
      await isLost;
    };
    await withShortLock(path, use, { times, onLost: () => lost.abort() });
    clearInterval(awake);
    assert.equal(await readFile(path, "utf8"), other);
  });
});

/** Another process that holds the lock until it is killed. */
async function holding(path: string): Promise<ChildProcess> {
  const module = new URL("./short-lock.js", import.meta.url).href;
  const code = `import { withShortLock } from ${JSON.stringify(module)};
    await withShortLock(${JSON.stringify(path)}, () => new Promise((never) => { console.log("held"); setInterval(() => never, 1000); }));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

async function touched(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.write("{", 0);
  await file.close();
}
