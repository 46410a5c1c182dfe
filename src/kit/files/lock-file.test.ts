/** Locks of other containers, and of processes that are ending. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { LockFile, type LockHolder } from "./lock-file.js";
import { isEnding, ownIdentity, startTicksOf } from "./process-identity.js";

const module = new URL("./lock-file.js", import.meta.url).href;
const options = { renewMs: 60_000, staleMs: 3_600_000, life: "shown" } as const;

describe("a lock file", { skip: process.platform === "linux" ? false : "the process table of Linux" }, () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-lock-file-"));
    path = join(folder, "a-name-of-a-collection-that-is-as-long-as-names-of-collections.lock");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const tryOnce = (): Promise<LockFile | null> => LockFile.take(path, options, async () => "no");

  /** Holds the lock in a PID namespace of its own, as a container does. The process has the id 1 there. */
  async function container(): Promise<ChildProcess> {
    const code = `import { LockFile } from ${JSON.stringify(module)};
      await LockFile.take(${JSON.stringify(path)}, ${JSON.stringify(options)}, async () => "no");
      console.log("held"); setInterval(() => {}, 1000);`;
    const args = ["--pid", "--fork", "--kill-child", "--mount-proc", process.execPath, "--input-type=module", "-e", code];
    const child = spawn("unshare", args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    return child;
  }

  it("has one holder at a time among processes that take and release it as fast as they can", { timeout: 120_000 }, async () => {
    const code = `
      const { open, rm } = await import("node:fs/promises");
      const { LockFile } = await import(${JSON.stringify(module)});
      const inside = ${JSON.stringify(join(folder, "inside"))};
      for (let round = 0; round < 800; round += 1) {
        const again = () => new Promise((resolve) => setTimeout(resolve, Math.random(), "again"));
        const lock = await LockFile.take(${JSON.stringify(path)}, { renewMs: 60_000, staleMs: 3_600_000 }, again);
        await (await open(inside, "wx")).close();
        await rm(inside);
        await lock.release();
      }`;
    const processes = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "ignore", "inherit"] }),
    );
    const codes = await Promise.all(processes.map(async (child) => (await once(child, "close"))[0]));
    assert.deepEqual(codes, [0, 0, 0, 0]);
    assert.deepEqual(await readdir(folder), []);
  });

  it("of a container that was killed is free at once, and that of a stopped one never", {
    skip: cannotUnshare(),
    timeout: 30_000,
  }, async () => {
    const first = await container();
    const holder = JSON.parse(await readFile(path, "utf8")) as LockHolder;
    assert.equal(holder.pid, 1);
    assert.notEqual(holder.pidNamespace, ownIdentity().pidNamespace);
    assert.equal(await tryOnce(), null, "the container runs");
    const inside = Number(execFileSync("pgrep", ["-P", String(first.pid)], { encoding: "utf8" }));
    process.kill(inside, "SIGSTOP");
    await rm(path);
    await writeFile(path, JSON.stringify(holder));
    assert.equal(await tryOnce(), null, "the container is stopped");
    process.kill(inside, "SIGKILL");
    await once(first, "exit");

    const lock = await tryOnce();
    assert.ok(lock !== null);
    await lock.release();
    await lock.release();
    assert.deepEqual(await readdir(folder), []);
  });

  it("shows by its holder whether that is ending: killed, or without its parent", { timeout: 30_000 }, async () => {
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    const holder = { ...ownIdentity(), pid, startedAt: startTicksOf(pid), parentPid: parent.pid! };
    try {
      assert.equal(isEnding(holder), false);
      process.kill(pid, "SIGSTOP");
      assert.equal(isEnding(holder), false, "a stopped process may go on");
      parent.kill("SIGKILL");
      await once(parent, "exit");
      assert.equal(isEnding(holder), true);
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });
});

function cannotUnshare(): string | false {
  try {
    execFileSync("unshare", ["--pid", "--fork", "--mount-proc", "true"], { stdio: "ignore" });
    return false;
  } catch {
    return "this user may not make PID namespaces";
  }
}
