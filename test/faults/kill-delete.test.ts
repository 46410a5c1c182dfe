/** A process that is killed while it deletes or restores: each row is in the table or in a whole file, and the next call completes. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { batchOf, unitVector } from "../conformance/store-rows-data.js";
import { extent } from "../support/extent.js";
import { bitsIn, deletedBits, distinctRows, fill } from "../support/stored-rows.js";

const script = fileURLToPath(new URL("./killed-delete.js", import.meta.url));
const total = 2_600;
const kept = 100;
const randomKills = extent({ some: 2, all: 10 });

const points: readonly { readonly verb: string; readonly point: string; readonly nth: number }[] = [
  { verb: "delete", point: "before get, vectors: include", nth: 2 },
  { verb: "delete", point: "after delete", nth: 2 },
  { verb: "drop", point: "before drop", nth: 1 },
  { verb: "drop", point: "after drop", nth: 1 },
  ...extent({
    some: [],
    all: [
      { verb: "delete", point: "before get, vectors: omit", nth: 1 },
      { verb: "delete", point: "before delete", nth: 1 },
      { verb: "delete", point: "after delete", nth: 5 },
    ],
  }),
];

describe("a process that is killed while it deletes rows", () => {
  let folder = "";
  let whole: readonly object[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-kill-"));
    const rows = Array.from({ length: total }, (_, at) => ({ id: `row ${at}`, vector: [...unitVector(at)], metadata: { number: at } }));
    const schema = { dimension: 4, metric: "cosine", passport: { probes: [[1, 0, 0, 0]], labels: {} } } as const;
    await fill(join(folder, "whole"), "photos", { schema, batch: batchOf(rows) });
    whole = (await bitsIn(join(folder, "whole"), "photos"))!;
  });
  after(() => rm(folder, { recursive: true }));

  /** The rows of the table and of all whole files together, each once. */
  async function everywhere(data: string): Promise<readonly object[]> {
    return distinctRows([(await bitsIn(data, "photos")) ?? [], ...(await deletedBits(data, "photos"))]);
  }

  async function completes(data: string, verb: string): Promise<void> {
    assert.deepEqual(await everywhere(data), whole, "each row is in the table or in a file");
    assert.equal(await ended(start(data, verb)), 0);
    assert.equal((await bitsIn(data, "photos"))?.length ?? 0, verb === "drop" ? 0 : kept);
    assert.equal(await ended(start(data, "restore")), 0);
    assert.deepEqual(await bitsIn(data, "photos"), whole, "all rows are back");
  }

  for (const { verb, point, nth } of points) {
    test(`${point} (${nth}) of a ${verb} loses no row, and the same call completes`, async () => {
      const data = join(folder, `${verb} ${point} ${nth}`);
      await cp(join(folder, "whole"), data, { recursive: true });
      assert.equal(await ended(start(data, verb, point, nth)), "SIGKILL", "the point was reached");
      await completes(data, verb);
    });
  }

  test(`at ${randomKills} random moments loses no row`, { timeout: 300_000 }, async (context) => {
    const seed = Number(process.env.HEADRACE_TEST_SEED ?? Date.now() % 1_000_000);
    context.diagnostic(`seed ${seed}`);
    for (let kill = 0; kill < randomKills; kill += 1) {
      const verb = kill % 2 === 0 ? "delete" : "drop";
      const data = join(folder, `random ${kill}`);
      await cp(join(folder, "whole"), data, { recursive: true });
      const child = start(data, verb);
      const exit = ended(child);
      child.stdout!.once("data", () => setTimeout(() => child.kill("SIGKILL"), random(seed + kill) * 300));
      await exit;
      await completes(data, verb);
      await rm(data, { recursive: true });
    }
  });

  for (const point of ["before insert", "after insert"]) {
    test(`${point} of a restoration loses no row, and the same call completes`, async () => {
      const data = join(folder, `restore ${point}`);
      await cp(join(folder, "whole"), data, { recursive: true });
      assert.equal(await ended(start(data, "drop")), 0);
      assert.equal(await ended(start(data, "restore", point, 2)), "SIGKILL", "the point was reached");
      assert.deepEqual(await everywhere(data), whole);
      assert.equal(await ended(start(data, "restore")), 0);
      assert.deepEqual(await bitsIn(data, "photos"), whole);
    });
  }
});

function start(data: string, verb: string, point = "never", nth = 1): ChildProcess {
  return spawn(process.execPath, [script, data, verb, point, String(nth)], { stdio: ["ignore", "pipe", "inherit"] });
}

function ended(child: ChildProcess): Promise<NodeJS.Signals | number | null> {
  return new Promise((fulfil) => child.once("exit", (code, signal) => fulfil(signal ?? code)));
}

function random(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}
