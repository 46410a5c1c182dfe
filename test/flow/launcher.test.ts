/** Between the shell and the command: long command lines, variables, streams, signals and the way it ends. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, linkSync, mkdirSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { makeCorpus } from "../support/corpus/corpus.js";
import { type Ended, ended, type Workspace, workspace } from "./command.js";

const corpusFolder = resolve(".cache", "corpus", "flow");
const largeFolder = resolve(".cache", "corpus", "flow-large");
const narrow = ["--set", "async_pipeline.queue_maxsize=4", "--set", "async_pipeline.insert_batch_size=10"];
/** It takes some 50 ms. The limit is that of a machine that is busy with other tests. */
const soonMs = 3_000;

test("3,000 file names on the command line are all stored, by a model that is loaded in between", { timeout: 300_000 }, async () => {
  const { photos } = await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();
  const [known, fresh] = [photos.slice(0, 20), photos.slice(20, 40)].map((some) => some.map(({ file }) => join(corpusFolder, file)));
  await space.json(0, "ingest", ...known!);
  // Most have bytes whose vectors are known: the test is about names, not about inference.
  const folder = join(space.folder, "a-folder-with-a-long-name-as-cameras-and-people-make-them");
  mkdirSync(folder);
  const links = Array.from({ length: 2_980 }, (_, index) => join(folder, `photo-${String(index).padStart(5, "0")}.jpg`));
  // A link changes the version of its file, which other tests read at this moment: so the links go to copies.
  const copies = known!.map((path) => join(space.folder, basename(path)));
  for (const [index, copy] of copies.entries()) copyFileSync(known![index]!, copy);
  for (const [index, link] of links.entries()) linkSync(copies[index % 20]!, link);
  const names = [...links, ...fresh!];
  assert.ok(names.join(" ").length >= 200_000);

  const document = await space.json<{ read: number; stored: number; reused: number; skipped: number }>(0, "ingest", ...names);

  assert.equal(document.read, 3_000);
  assert.equal(document.stored + document.skipped, 3_000);
  assert.ok(document.stored - document.reused >= 20, "the model was loaded");
});

test("a filter of 100,000 characters reaches the search", async () => {
  await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();
  await space.json(0, "ingest", corpusFolder, "--limit", "3");
  const ids = Array.from({ length: 2_700 }, (_, index) => `"${String(index).padStart(32, "0")}"`).join(", ");
  const filter = `width > 0 or id in [${ids}]`.padEnd(100_000);
  const { hits } = await space.json<{ hits: unknown[] }>(0, "search", join(corpusFolder, "brick-0000.jpg"), "--filter", filter);
  assert.equal(hits.length, 3);
});

test("what must be set before Node starts is set, and the user's own values win", async () => {
  await using space = await workspace();
  const probe = "data:text/javascript,import{writeFileSync}from'node:fs';writeFileSync('env.json',JSON.stringify(process.env))";
  const seen = async (own: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> => {
    const child = spawn(process.execPath, ["--import", probe, space.bin, "collection", "list", "--json"], {
      cwd: space.folder,
      env: { PATH: process.env["PATH"], ...own },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { code, stderr } = await ended(child);
    assert.deepEqual([code, stderr], [0, ""]);
    return JSON.parse(await readFile(join(space.folder, "env.json"), "utf8")) as NodeJS.ProcessEnv;
  };
  const given = await seen({});
  assert.ok(Number(given["UV_THREADPOOL_SIZE"]) > 4);
  assert.equal(given["MALLOC_ARENA_MAX"], "2");
  assert.equal(given["MALLOC_MMAP_THRESHOLD_"], String(4 * 1024 * 1024));
  assert.equal(given["GLIBC_TUNABLES"], "glibc.malloc.mxfast=0");
  const own = { UV_THREADPOOL_SIZE: "3", MALLOC_ARENA_MAX: "7", GLIBC_TUNABLES: "glibc.malloc.tcache_count=4" };
  const kept = await seen(own);
  for (const [name, value] of Object.entries(own)) assert.equal(kept[name], value);
});

test("standard input reaches the command", async () => {
  await using space = await workspace();
  const probe =
    "data:text/javascript,import{readFileSync}from'node:fs';if(process.argv[1].endsWith('main.js'))process.stderr.write(readFileSync(0))";
  const child = spawn(process.execPath, ["--import", probe, space.bin, "collection", "list", "--json"], {
    cwd: space.folder,
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin?.end("from the pipe");
  assert.match((await ended(child)).stderr, /from the pipe/);
});

for (const [target, send] of [
  ["the launcher alone", (child: ChildProcess) => child.kill("SIGINT")],
  ["the whole group, as a terminal does", (child: ChildProcess) => process.kill(-child.pid!, "SIGINT")],
] as const) {
  test(`SIGINT to ${target} drains once, and at the second one stops at once`, { timeout: 120_000 }, async () => {
    await using space = await workspace();
    const once_ = await interrupted(space, send);
    assert.match(once_.stderr, /Stopping: no more is read/);
    assert.doesNotMatch(once_.stderr, /Stopping at once/);
    assert.match(once_.stdout, /^Stopped: /);
    assert.equal(once_.code, 130);

    await using other = await workspace();
    const twice = await interrupted(other, send, { again: true });
    assert.match(twice.stderr, /Stopping at once/);
    assert.equal(twice.code, 130);
  });
}

test("SIGTERM from a supervisor, to the launcher alone or to all, drains", { timeout: 120_000 }, async () => {
  for (const send of [(child: ChildProcess) => child.kill("SIGTERM"), (child: ChildProcess) => process.kill(-child.pid!, "SIGTERM")]) {
    await using space = await workspace();
    const { code, stdout, stderr } = await interrupted(space, send);
    assert.match(stdout, /^Stopped: /, stderr);
    assert.equal(code, 130);
  }
});

test("a command that is killed by a signal shows that signal", { timeout: 120_000 }, async () => {
  await using space = await workspace();
  const child = await started(space);
  const gone = once(child, "exit");
  process.kill(await commandOf(child), "SIGKILL");
  assert.deepEqual(await gone, [null, "SIGKILL"]);
});

for (const signal of ["SIGKILL", "SIGQUIT", "SIGUSR2"] as const) {
  test(`a command that stores is gone soon after its launcher, which ${signal} ended`, { timeout: 120_000 }, async () => {
    await using space = await workspace();
    const child = await started(space);
    assert.ok((await outlivedMs(child, signal)) <= soonMs);
  });
}

test("a command whose main thread and pool are busy for ever is gone soon after its launcher", { timeout: 60_000 }, async () => {
  await using space = await workspace();
  const busy = `import { pbkdf2 } from "node:crypto";
    process.on("SIGUSR2", () => {
      for (let i = 0; i < 64; i += 1) pbkdf2("a", "b", 1e9, 64, "sha512", () => {});
      process.stderr.write("busy");
      for (;;);
    });`;
  const child = await started(space, ["--import", `data:text/javascript,${encodeURIComponent(busy)}`]);
  process.kill(await commandOf(child), "SIGUSR2");
  child.stderr?.setEncoding("utf8");
  for await (const text of child.stderr!) if (String(text).includes("busy")) break;
  assert.ok((await outlivedMs(child, "SIGKILL")) <= soonMs);
});

/** How long the command's process ran on after its launcher had been sent the signal, in milliseconds. */
async function outlivedMs(child: ChildProcess, signal: NodeJS.Signals): Promise<number> {
  const command = await commandOf(child);
  const gone = once(child, "exit");
  const sentAt = performance.now();
  child.kill(signal);
  while (await isRunning(command)) await pause(1);
  await gone;
  return performance.now() - sentAt;
}

async function interrupted(
  space: Workspace,
  send: (child: ChildProcess) => void,
  { again = false }: { readonly again?: boolean } = {},
): Promise<Ended> {
  const child = await started(space);
  const result = ended(child);
  const [first] = await Promise.all([once(child.stderr!, "data"), Promise.resolve(send(child))]);
  assert.match(String(first), /Stopping/);
  if (again) send(child);
  return result;
}

/** An ingestion of 800 photos in a process group of its own that has stored some. */
async function started(space: Workspace, nodeArgs: readonly string[] = []): Promise<ChildProcess> {
  await makeCorpus({ folder: largeFolder, count: 800, seed: 12, sizes: "vga" });
  const child = spawn(process.execPath, [...nodeArgs, space.bin, "ingest", largeFolder, ...narrow], {
    cwd: space.folder,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  await space.rowsAppear();
  return child;
}

/** The process that does the work: the launcher's child, or the launcher itself where Node can replace a process. */
async function commandOf({ pid }: ChildProcess): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.trim() === "" ? pid! : Number(children.trim().split(" ")[0]);
}

/** False for a process that ended, also when nobody has asked for its exit code yet. */
async function isRunning(pid: number): Promise<boolean> {
  const found = await readdir("/proc");
  if (!found.includes(String(pid))) return false;
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "State:\tX");
  return !/^State:\t[ZX]/m.test(status);
}
