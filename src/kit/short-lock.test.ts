/** A lock that is held briefly: one holder at a time, and the lock of a process that was killed is free at once. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ownIdentity } from "./process-identity.js";
import { withShortLock } from "./short-lock.js";

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
    await writeFile(path, JSON.stringify({ token: "of-the-dead", process: dead }));
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
});
