/** One writer a table: real processes contend for it. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { batchOf, calm, dimension, idsOf } from "../conformance/store-rows-data.js";
import { openTestStore, type TestStore } from "./stores.js";

const holder = fileURLToPath(new URL("./lock-holder.js", import.meta.url));

interface Answer {
  readonly ok?: boolean;
  readonly code?: string;
  readonly message?: string;
}

/** A writer in a process of its own. */
class Writer {
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(readonly child: ChildProcessWithoutNullStreams) {
    this.#reader = createInterface({ input: child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  send(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  async answer(): Promise<Answer> {
    const line = await this.#lines.next();
    return line.done === true ? { code: "ended" } : (JSON.parse(line.value) as Answer);
  }

  tell(line: string): Promise<Answer> {
    this.send(line);
    return this.answer();
  }

  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGKILL");
      await once(this.child, "exit");
    }
    this.#reader.close();
  }
}

describe("the writer's lock", () => {
  const writers: Writer[] = [];
  let test: TestStore;
  let names = 0;

  before(async () => {
    test = await openTestStore();
  });
  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.kill();
  });
  after(() => test.close());

  async function emptyTable(): Promise<{ name: string; lock: string }> {
    names += 1;
    const name = `locked_${names}`;
    await (await test.store.create(name, { dimension, metric: "cosine", passport: null })).close();
    return { name, lock: join(test.path, `${name}.lock`) };
  }

  function start(name: string): Writer {
    const writer = new Writer(spawn(process.execPath, [holder, test.path, name], { stdio: "pipe" }));
    writers.push(writer);
    return writer;
  }

  async function ids(name: string): Promise<readonly string[]> {
    const reader = await test.store.openCollection(name, "read");
    try {
      return await idsOf(reader);
    } finally {
      await reader.close();
    }
  }

  it("a second writer is refused, and told host and process of the first; readers are not", async () => {
    const { name } = await emptyTable();
    const writer = start(name);
    assert.deepEqual(await writer.tell("open"), { ok: true });
    await assert.rejects(test.store.openCollection(name, "write"), (error: Error & Answer) => {
      assert.equal(error.code, "lock_held");
      assert.ok(error.message.includes(`process ${writer.child.pid} on ${hostname()}`), error.message);
      return true;
    });
    await assert.rejects(test.store.drop(name), { code: "lock_held" });
    assert.deepEqual(await writer.tell("write a"), { ok: true });
    assert.deepEqual(await ids(name), ["a"]);
  });

  it("closing gives the lock back, and leaves no file behind", async () => {
    const { name, lock } = await emptyTable();
    assert.equal(existsSync(lock), false);
    const writer = start(name);
    assert.deepEqual(await writer.tell("open"), { ok: true });
    assert.equal(existsSync(lock), true);
    assert.deepEqual(await writer.tell("close"), { ok: true });
    const collection = await test.store.openCollection(name, "write");
    await collection.upsert(batchOf([{ id: "b" }]), calm);
    await collection.close();
    assert.deepEqual(
      (await readdir(test.path)).filter((file) => file.startsWith(`${name}.lock`)),
      [],
    );
  });

  it("the lock of a process that was killed is taken", async () => {
    const { name, lock } = await emptyTable();
    const writer = start(name);
    assert.deepEqual(await writer.tell("open"), { ok: true });
    assert.deepEqual(await writer.tell("write a"), { ok: true });
    await writer.kill();
    assert.equal(existsSync(lock), true, "a killed process cleans nothing up");
    const collection = await test.store.openCollection(name, "write");
    await collection.upsert(batchOf([{ id: "b" }]), calm);
    await collection.close();
    assert.deepEqual(await ids(name), ["a", "b"]);
  });

  it("the handles of one process share the lock: another process is refused until the last is closed", async () => {
    const { name, lock } = await emptyTable();
    const first = await test.store.openCollection(name, "write");
    const second = await test.store.openCollection(name, "write");
    const writer = start(name);
    await first.close();
    await first.close();
    assert.equal((await writer.tell("open")).code, "lock_held");
    await second.upsert(batchOf([{ id: "a" }]), calm);
    await assert.rejects(first.upsert(batchOf([{ id: "b" }]), calm), { code: "usage_invalid" });
    await assert.rejects(first.count(), { code: "usage_invalid" });
    await second.close();
    assert.equal(existsSync(lock), false);
    assert.deepEqual(await writer.tell("open"), { ok: true });
  });

  it("a stopped owner keeps its lock; one whose lock was replaced meanwhile writes nothing when it goes on", async () => {
    const { name, lock } = await emptyTable();
    const writer = start(name);
    assert.deepEqual(await writer.tell("open"), { ok: true });
    assert.deepEqual(await writer.tell("write a"), { ok: true });
    writer.child.kill("SIGSTOP");
    await assert.rejects(test.store.openCollection(name, "write"), { code: "lock_held" });

    const replaced = JSON.stringify({ ...JSON.parse(await readFile(lock, "utf8")), pid: process.pid, token: "another" });
    await writeFile(lock, replaced);
    writer.send("write late");
    writer.child.kill("SIGCONT");
    const answer = await writer.answer();
    assert.equal(answer.code, "lock_lost");
    assert.ok(answer.message?.includes(`process ${process.pid} on`), answer.message);
    assert.equal((await writer.tell("upkeep")).code, "lock_lost");
    assert.deepEqual(await ids(name), ["a"]);
    assert.deepEqual(await writer.tell("close"), { ok: true });
    assert.equal(await readFile(lock, "utf8"), replaced, "the lock of another is left alone");
  });

  it("four processes that write the same 50 keys, each when it gets the lock, store 50 rows", async () => {
    const { name } = await emptyTable();
    const keys = Array.from({ length: 50 }, (_, at) => `key_${at}`).sort();
    const results = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const writer = start(name);
        let refused = 0;
        while ((await writer.tell("open")).code === "lock_held") refused += 1;
        assert.deepEqual(await writer.tell(`write ${keys.join(" ")}`), { ok: true });
        assert.deepEqual(await writer.tell("close"), { ok: true });
        return refused;
      }),
    );
    assert.equal(results.length, 4);
    assert.deepEqual(await ids(name), keys);
  });
});
