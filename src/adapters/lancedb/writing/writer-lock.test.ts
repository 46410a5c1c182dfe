import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { ownIdentity } from "../../../kit/index.js";
import { type LockOwner, WriterLock } from "./writer-lock.js";

describe("a writer's lock", () => {
  let folder: string;
  let path: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-lock-"));
    path = join(folder, "table.lock");
  });
  beforeEach(() => rm(path, { force: true }));
  after(() => rm(folder, { recursive: true }));

  const take = () => WriterLock.take(path, "collection table", { waitMs: 0 });
  const owned = (by: Partial<LockOwner>) => writeFile(path, JSON.stringify({ ...ownIdentity(), token: "another", ...by }));
  const aged = (ageMs: number) => utimes(path, new Date(), new Date(Date.now() - ageMs));

  it("names its owner, and is gone when released", async () => {
    const lock = await take();
    const owner = JSON.parse(await readFile(path, "utf8")) as LockOwner;
    assert.deepEqual({ ...owner, life: undefined }, { ...ownIdentity(), token: lock.token, life: undefined });
    await lock.verify();
    await lock.release();
    await lock.release();
    assert.deepEqual(await readdir(folder), []);
    await assert.rejects(lock.verify(), { code: "lock_lost" });
  });

  it("of a process id that another process has now is taken", async () => {
    await owned({ startedAt: "1" });
    await (await take()).release();
  });

  it("of a process that is gone is taken", async () => {
    await owned({ pid: 2 ** 22 + 1 });
    await (await take()).release();
  });

  it("of a living process is refused, however old its heartbeat", async () => {
    await owned({});
    await aged(3_600_000);
    await assert.rejects(take(), { code: "lock_held", message: new RegExp(`process ${process.pid} on`) });
    assert.deepEqual(await readdir(folder), ["table.lock"]);
  });

  it("of another machine, boot or container is judged by its heartbeat", async () => {
    for (const elsewhere of [{ host: "another.example" }, { bootId: "another" }, { pidNamespace: "pid:[1]" }]) {
      await owned({ ...elsewhere, pid: 1 });
      await aged(60_000);
      await assert.rejects(take(), { code: "lock_held" });
      await aged(180_000);
      await (await take()).release();
    }
  });

  it("that cannot be read is judged by its age", async () => {
    await writeFile(path, "{");
    await assert.rejects(take(), { code: "lock_held", message: /another process/ });
    await aged(180_000);
    await (await take()).release();
  });

  it("that is dead goes to exactly one of twenty who want it", async () => {
    await owned({ pid: 2 ** 22 + 1 });
    const results = await Promise.allSettled(Array.from({ length: 20 }, take));
    const locks = results.filter((result) => result.status === "fulfilled").map((result) => result.value);
    const codes = results.filter((result) => result.status === "rejected").map((result) => (result.reason as { code: string }).code);
    assert.equal(locks.length, 1);
    assert.deepEqual([...new Set(codes)], ["lock_held"]);
    await locks[0]!.verify();
    await locks[0]!.release();
    assert.equal(existsSync(path), false);
    assert.deepEqual(await readdir(folder), []);
  });

  it("goes to exactly one also when the process that took over from the dead one died in the middle of that", async () => {
    await owned({ pid: 2 ** 22 + 1, token: "dead" });
    await writeFile(`${path}.dead.takeover`, JSON.stringify({ ...ownIdentity(), pid: 2 ** 22 + 2, token: "judge" }));
    const results = await Promise.allSettled(Array.from({ length: 20 }, take));
    const locks = results.filter((result) => result.status === "fulfilled").map((result) => result.value);
    assert.equal(locks.length, 1);
    await locks[0]!.verify();
    await locks[0]!.release();
    assert.deepEqual(await readdir(folder), []);
  });

  it("that another part of this process has is waited for, and refused when that takes too long", async () => {
    const first = await take();
    await assert.rejects(take(), { code: "lock_held", message: /another pipeline or store of this process/ });
    const second = WriterLock.take(path, "collection table");
    await first.verify();
    await first.release();
    await (await second).release();
    assert.deepEqual(await readdir(folder), []);
  });

  it("in a folder that cannot be made is store_unavailable", async () => {
    await writeFile(path, "");
    await assert.rejects(WriterLock.take(join(path, "below", "table.lock"), "collection table"), { code: "store_unavailable" });
  });
});
