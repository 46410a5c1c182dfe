/** A store that works on whatever it is told: Ctrl-C ends the command all the same. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { rowsFrom } from "../store/rows.js";
import { ended, type Workspace, workspace } from "./command.js";

const photo = resolve("test", "fidelity", "golden", "coffee.jpg");
const hangingStore = resolve("build", "test", "flow", "hanging-store.js");

test("an index build that cannot be stopped is left at the first Ctrl-C, with all that was stored", { timeout: 120_000 }, async () => {
  await using space = await workspace();
  await oweAnIndex(space);
  const command = hangingAt(space, "createIndex", "ingest", photo, "--collection", "photos", "--json");
  const end = ended(command);
  await saysHanging(command);
  command.kill("SIGINT");
  const { code, stdout } = await end;
  assert.equal(code, 130);
  assert.equal((JSON.parse(stdout) as { stored: number }).stored, 1);
});

test("an index that was requested is left at the first Ctrl-C too", { timeout: 120_000 }, async () => {
  await using space = await workspace();
  await oweAnIndex(space);
  const command = hangingAt(space, "createIndex", "collection", "index", "photos", "--json");
  const end = ended(command);
  await saysHanging(command);
  const heard = saying(command, /what is done is kept/);
  command.kill("SIGINT");
  await heard;
  const { code, stdout } = await end;
  assert.equal(code, 130);
  assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, "aborted");
});

test("a call that does not end at all is left at the third Ctrl-C", { timeout: 120_000 }, async () => {
  await using space = await workspace();
  await space.json(0, "ingest", photo, "--collection", "photos");
  const command = hangingAt(space, "countRows", "ingest", photo, "--collection", "photos");
  const end = ended(command);
  await saysHanging(command);
  for (const said of [/Press Ctrl-C again to stop at once/, /exit without waiting/]) {
    const heard = saying(command, said);
    command.kill("SIGINT");
    await heard;
  }
  command.kill("SIGINT");
  assert.equal((await end).code, 130);
});

/** Enough rows for the indexes that look-ups use, and none of them built. */
async function oweAnIndex(space: Workspace): Promise<void> {
  const dimension = 1280;
  const store = lancedbStore({ path: join(space.folder, "headrace-data") });
  await store.open(calm);
  const collection = await store.create("photos", { dimension, metric: "cosine", passport: null });
  for (let start = 0; start < 10_000; start += 900) {
    await collection.upsert(batchOf(rowsFrom(start, Math.min(900, 10_000 - start), dimension)), calm);
  }
  await collection.close();
  await store.close();
  await space.json(0, "collection", "adopt", "photos", "--yes");
}

function hangingAt(space: Workspace, method: string, ...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ["--import", hangingStore, space.bin, ...args], {
    cwd: space.folder,
    env: { PATH: process.env["PATH"], HANG_AT: method },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function saysHanging(command: ChildProcess): Promise<void> {
  return saying(command, /hanging/);
}

/** Rejects when the command ends before it says so. */
function saying(command: ChildProcess, words: RegExp): Promise<void> {
  return new Promise((fulfil, reject) => {
    let heard = "";
    command.stderr?.on("data", (text: string) => {
      heard += text;
      if (words.test(heard)) fulfil();
    });
    command.once("close", (code) => reject(new Error(`ended with ${code} before it said ${words}: ${heard}`)));
  });
}
