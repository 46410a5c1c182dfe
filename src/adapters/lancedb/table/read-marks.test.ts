import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { ownIdentity } from "../../../kit/index.js";
import { markRead, oldestRead } from "./read-marks.js";

describe("a mark of a read", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-marks-"));
  });
  afterEach(() => rm(join(folder, "headrace-reads"), { recursive: true, force: true }));
  after(() => rm(folder, { recursive: true }));

  const marks = () => readdir(join(folder, "headrace-reads"));

  async function place(owner: object, ageMs = 0): Promise<void> {
    await (await markRead(folder))();
    const path = join(folder, "headrace-reads", "other");
    await writeFile(path, JSON.stringify({ ...ownIdentity(), beganMs: 5_000, ...owner }));
    await utimes(path, new Date(), new Date(Date.now() - ageMs));
  }

  it("counts from before the read until its end", async () => {
    assert.equal(await oldestRead(folder), Number.POSITIVE_INFINITY);
    const beforeMs = Date.now();
    const [first, second] = [await markRead(folder), await markRead(folder)];
    const oldest = await oldestRead(folder);
    assert.ok(oldest <= Date.now() && oldest >= beforeMs - 2_000);
    await first();
    assert.notEqual(await oldestRead(folder), Number.POSITIVE_INFINITY);
    await second();
    assert.equal(await oldestRead(folder), Number.POSITIVE_INFINITY);
    assert.deepEqual(await marks(), []);
  });

  it("of a dead process is removed", async () => {
    await place({ pid: 2 ** 22 + 1 });
    assert.equal(await oldestRead(folder), Number.POSITIVE_INFINITY);
    assert.deepEqual(await marks(), []);
  });

  it("of a living process counts, however old its heartbeat", async () => {
    await place({}, 3_600_000);
    assert.equal(await oldestRead(folder), 4_000);
  });

  it("of another machine is judged by its heartbeat", async () => {
    await place({ host: "another.example" }, 60_000);
    assert.equal(await oldestRead(folder), 4_000);
    await place({ host: "another.example" }, 180_000);
    assert.equal(await oldestRead(folder), Number.POSITIVE_INFINITY);
  });

  it("of a table that was dropped is left out, and does not make the folder again", async () => {
    const dropped = join(folder, "dropped.lance");
    await (await markRead(dropped))();
    assert.equal(existsSync(dropped), false);
  });
});
