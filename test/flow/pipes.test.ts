/** Inputs that can be read once only: pipes of every kind are read to their end, by one reader. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { extent } from "../support/extent.js";
import { ended, type Workspace, workspace } from "./command.js";

interface Counts {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
}

const photo = resolve("test", "fidelity", "golden", "coffee.jpg");
const main = resolve("dist", "cli", "launcher.js");
const times = extent({ some: { 20: 2, 20000: 1 }, all: { 20: 5, 20000: 2 } });

/** A folder with one photo, and a manifest that names it so many times. */
async function spaceWith(lines: number): Promise<Workspace> {
  const space = await workspace();
  await copyFile(photo, join(space.folder, "a.jpg"));
  await writeFile(join(space.folder, "m.jsonl"), '{"input":"a.jpg"}\n'.repeat(lines));
  await writeFile(join(space.folder, "list.txt"), "a.jpg\n".repeat(lines));
  return space;
}

/** What a line of bash prints as JSON, with `headrace` for the command. */
async function bash<T = Counts>({ folder }: Workspace, line: string): Promise<T> {
  const script = `headrace() { "${process.execPath}" "${main}" "$@"; }\n${line}`;
  const { code, stdout, stderr } = await ended(
    spawn("bash", ["-o", "pipefail", "-c", script], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] }),
  );
  assert.equal(code, 0, `${line}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

for (const lines of [20, 20_000] as const) {
  for (const [kind, line] of [
    ["a process substitution", "headrace ingest --json --manifest <(cat m.jsonl)"],
    ["/dev/stdin", "cat m.jsonl | headrace ingest --json --manifest /dev/stdin"],
    ["a named pipe", "cat m.jsonl > pipe & headrace ingest --json --manifest pipe"],
    ["-", "cat m.jsonl | headrace ingest --json --manifest -"],
  ] as const) {
    test(`a manifest of ${lines} lines from ${kind} is read whole, every time`, async () => {
      await using space = await spaceWith(lines);
      execFileSync("mkfifo", [join(space.folder, "pipe")]);
      for (let time = 0; time < times[lines]; time += 1) {
        const { read, stored, skipped, failed } = await bash(space, line);
        assert.deepEqual([read, stored + skipped, failed], [lines, lines, 0], `time ${time + 1}`);
      }
    });
  }
}

for (const [kind, line] of [
  ["-", "cat list.txt | headrace ingest --json -"],
  ["--files-from -", "cat list.txt | headrace ingest --json --files-from -"],
  ["--files-from and a file", "headrace ingest --json --files-from list.txt"],
  ["--files-from and a process substitution", "headrace ingest --json --files-from <(cat list.txt)"],
] as const) {
  test(`paths come one a line from ${kind}, beside those of the command line`, async () => {
    await using space = await spaceWith(5_000);
    const { read, stored, skipped } = await bash(space, line);
    assert.deepEqual([read, stored, skipped], [5_000, 1, 4_999]);
    const more = await bash(space, `${line} a.jpg`);
    assert.equal(more.read, 5_001);
  });
}

for (const [kind, line] of [
  ["a process substitution", "headrace ingest --json <(cat list.txt) b.jpg"],
  ["/dev/stdin", "cat list.txt | headrace ingest --json /dev/stdin b.jpg"],
  ["a named pipe", "cat list.txt > pipe & headrace ingest --json pipe b.jpg"],
] as const) {
  test(`${kind} in the place of a file is a list of files, read once and whole`, async () => {
    await using space = await spaceWith(5_000);
    await copyFile(photo, join(space.folder, "b.jpg"));
    execFileSync("mkfifo", [join(space.folder, "pipe")]);
    const { read, failed } = await bash(space, line);
    assert.deepEqual([read, failed], [5_001, 0]);
  });
}

for (const flag of ["-0", "--null"]) {
  test(`with ${flag} names end with NUL, and may have line feeds, braces and blanks`, async () => {
    await using space = await spaceWith(1);
    const names = ["two\nlines.jpg", "{brace.jpg", " blank.jpg", "cr.jpg\r"];
    for (const name of names) await copyFile(photo, join(space.folder, name));
    const { read, stored, skipped, failed } = await bash(
      space,
      `find . -type f -name '*.jpg*' -print0 | headrace ingest ${flag} --json - --collection names`,
    );
    assert.deepEqual([read, stored + skipped, failed], [5, 5, 0]);
    const { count } = await space.json<{ count: number }>(0, "count", "--collection", "names");
    assert.equal(count, 5);
  });
}

for (const [kind, line] of [
  ["-", "cat m.jsonl | headrace ingest --json -"],
  ["--files-from", "headrace ingest --json --files-from m.jsonl"],
  ["a process substitution", "headrace ingest --json <(printf '\\n'; cat m.jsonl)"],
] as const) {
  test(`JSON lines from ${kind} bring ids and metadata, as a manifest does`, async () => {
    await using space = await spaceWith(1);
    await copyFile(photo, join(space.folder, "b.jpg"));
    await writeFile(
      join(space.folder, "m.jsonl"),
      '{"input":"a.jpg","id":"one","metadata":{"year":2024}}\n{"bad\n{"input":"b.jpg","id":"two"}\n',
    );
    const { read, stored, failed, failures } = await bash<Counts & { failures: { source: string }[] }>(space, `${line} || test $? = 3`);
    assert.deepEqual([read, stored, failed], [3, 2, 1]);
    assert.match(failures[0]?.source ?? "", kind === "a process substitution" ? /:3$/ : /:2$/);
    const { count } = await space.json<{ count: number }>(0, "count", "--filter", "year == 2024");
    assert.equal(count, 1);
  });
}

test("a dry run reads a pipe whole, too", async () => {
  await using space = await spaceWith(300);
  const preview = await bash<{ listed: number; fresh: number; skipped: number }>(
    space,
    "headrace ingest --json --dry-run --manifest <(cat m.jsonl)",
  );
  assert.deepEqual([preview.listed, preview.fresh, preview.skipped], [300, 1, 299]);
});

test("stdin is for one list only", async () => {
  await using space = await spaceWith(1);
  const { code, stdout } = await space.run("ingest", "-", "--manifest", "-", "--json");
  assert.equal(code, 2);
  assert.match(stdout, /expected - at most once.*stdin can be read only once/);
});

test("a pipe that says nothing keeps nobody from stopping", { timeout: 60_000 }, async () => {
  await using space = await spaceWith(1);
  const child = spawn(process.execPath, [main, "ingest", "-", "--json"], { cwd: space.folder, stdio: ["pipe", "pipe", "pipe"] });
  const result = ended(child);
  child.stdin.write("a.jpg\n");
  for (let count = 0; count === 0; ) {
    const { code, stdout } = await space.run("collection", "stats", "images", "--json");
    if (code === 0) ({ count } = JSON.parse(stdout) as { count: number });
  }
  child.kill("SIGINT");
  const { code, stdout } = await result;
  assert.equal(code, 130);
  assert.equal((JSON.parse(stdout) as Counts).stored, 1);
});

test("a named pipe that nobody writes to keeps nobody from stopping", { timeout: 60_000 }, async () => {
  await using space = await spaceWith(1);
  execFileSync("mkfifo", [join(space.folder, "pipe")]);
  const child = space.start("ingest", "--manifest", "pipe");
  const result = ended(child);
  while (!isOpen(join(space.folder, "pipe"))) await new Promise(setImmediate);
  child.kill("SIGINT");
  assert.equal((await result).code, 130);
});

/** Whether some process has the file open. */
function isOpen(path: string): boolean {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path);
      } catch (error) {
        // It ended meanwhile, or is somebody else's.
        if (["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
        throw error;
      }
    });
}
