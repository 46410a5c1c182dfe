/** How regions of shared memory are handed out, and whose files may be removed. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { isAbandoned, RegionPool, sharedMemoryFolder } from "./regions.js";

const never = new AbortController().signal;
const options = { skip: existsSync("/proc/self/stat") ? false : "no process table of Linux here" };
const space = () => /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0];
/** State and start time, as the process table shows them. */
const statOf = (pid: number): readonly (string | undefined)[] => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  return [fields[0], fields[19]];
};
const regionOf = (pid: number, start: string | undefined) => `headrace-${space()}-${pid}-${start}-1`;

test("a region of a living process is not abandoned, one of an earlier process with its id is", options, () => {
  const [, start] = statOf(process.pid);
  assert.equal(isAbandoned(regionOf(process.pid, start)), false);
  assert.equal(isAbandoned(regionOf(process.pid, String(Number(start) - 1))), true);
  assert.equal(isAbandoned(regionOf(2 ** 22 + 1, start)), true);
  assert.equal(isAbandoned("headrace-of-somebody-else"), false);
});

test("a region of a process that was killed is abandoned before its parent has taken note of the death", options, async () => {
  // What the shell starts is inherited by `sleep`, which waits for no child.
  const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const pid = Number(await firstLine(parent));
    const [, start] = statOf(pid);
    assert.equal(isAbandoned(regionOf(pid, start)), false);
    process.kill(pid, "SIGKILL");
    while (statOf(pid)[0] !== "Z") await pause(5);
    assert.equal(isAbandoned(regionOf(pid, start)), true);
  } finally {
    parent.kill("SIGKILL");
  }
});

test("no more regions than allowed: who comes later gets one that is given back", options, async () => {
  const pool = new RegionPool({ maxRegions: 2, minBytes: 16, unregister: async () => undefined });
  const [first, second] = [await pool.acquire(8, never), await pool.acquire(8, never)];
  const stop = new AbortController();
  const stopped = pool.acquire(8, stop.signal);
  const third = pool.acquire(8, never);
  stop.abort();
  await assert.rejects(stopped, { code: "aborted" });
  pool.giveBack(second);
  assert.equal(await third, second);
  const fourth = pool.acquire(8, never);
  await pool.discard(first);
  assert.notEqual(await fourth, first);
  assert.equal(first.exists(), false);
  pool.giveBack(await fourth);
  pool.giveBack(second);
  await pool.close();
  assert.deepEqual(ownFiles(), []);
  await assert.rejects(pool.acquire(8, never), { code: "aborted" });
});

test("a batch that no idle region holds gets a larger one in the place of one of them", options, async () => {
  const unregistered: string[] = [];
  const pool = new RegionPool({ maxRegions: 1, minBytes: 16, unregister: async ({ name }) => void unregistered.push(name) });
  const small = await pool.acquire(8, never);
  pool.giveBack(small);
  const large = await pool.acquire(1000, never);
  assert.deepEqual([large.capacity, unregistered, small.exists()], [1000, [small.name], false]);
  pool.giveBack(large);
  assert.equal(await pool.acquire(8, never), large);
  await pool.discard(large);
  assert.deepEqual(ownFiles(), []);
});

function ownFiles(): readonly string[] {
  return readdirSync(sharedMemoryFolder).filter((name) => name.startsWith("headrace-") && name.includes(`-${process.pid}-`));
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [bytes] = (await once(child.stdout!, "data")) as [Buffer];
  return bytes.toString().trim();
}
