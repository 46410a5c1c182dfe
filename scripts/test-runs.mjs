/** Runs of Node's test runner beside one another, and a second run of the few files that failed, which says more about the failures. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { spawnGroup } from "./process-group.mjs";

const slowestShown = 15;

/**
 * Runs the lanes beside one another, and the groups of a lane one after the other, and prints what each prints in one piece. A group has
 * `files` and `concurrency`. The exit code of this process becomes 1 if a test failed. Returns `pass`, `fail` and `skipped`: numbers of tests.
 *
 * At most `mostFilesAgain` files that failed run once more, with nothing beside them. That run tells a test that watches the time or races
 * from one that is wrong. It does not excuse a failure, unless the test is in `unsteady`, the entries of test/unsteady.json.
 *
 * A file that takes longer than `fileTimeoutMs` hangs: it is ended, and has failed.
 */
export async function runTestLanes(lanes, { fileTimeoutMs, mostFilesAgain = 0, unsteady = [] }) {
  const runs = lanes.flatMap((groups) =>
    laneOf(groups.filter(({ files }) => files.length > 0).map((group) => ({ ...group, fileTimeoutMs }))),
  );
  const first = await printed(runs);
  const runnable = new Set(lanes.flat().flatMap(({ files }) => files.map(sourceOf)));
  const excused = await excusedFailures(first, { fileTimeoutMs, mostFilesAgain, unsteady, runnable });
  const hasFailed = first.hasCrashed || first.failed.length > excused;
  // A hook that fails counts as no test.
  const fail = hasFailed ? Math.max(1, first.fail - excused) : 0;
  if (runs.length > 1) {
    write("Failed:", first.failed.map(withReason));
    write("Slowest files by the tests that they define, in seconds:", slowest(first.durations));
    process.stdout.write(`\n${first.pass} passed, ${fail} failed, ${first.skipped} skipped\n`);
  }
  if (hasFailed) process.exitCode = 1;
  return { pass: first.pass, fail, skipped: first.skipped };
}

/** Runs the failed files again, alone, and says what that shows. Returns how many of the failures the list excuses. */
async function excusedFailures({ failed: all, hasCrashed }, { fileTimeoutMs, mostFilesAgain, unsteady, runnable }) {
  // A test is reported under the file that defines it. A suite that several files run has a file of its own, which runs nothing.
  const failed = all.filter(({ file }) => runnable.has(sourceOf(file)));
  const shared = all.filter(({ file }) => !runnable.has(sourceOf(file)));
  write("Not run again, because several test files share their code:", shared.map(nameOf));
  const files = [...new Set(failed.map(({ file }) => file))];
  if (hasCrashed || files.length === 0 || files.length > mostFilesAgain) return 0;
  write("Once more, alone:", failed.map(nameOf));
  const again = await printed(laneOf([{ files, concurrency: 1, fileTimeoutMs }]));
  if (again.hasCrashed) return 0;
  // A test that its file held back, because a hook failed, has not passed: the whole file must pass.
  const failedAgain = new Set(again.failed.map(({ file }) => file));
  const onlyOnce = failed.filter(({ file }) => !failedAgain.has(file));
  const isListed = ({ file, name }) => unsteady.some((entry) => entry.file === sourceOf(file) && entry.test === name);
  const excused = onlyOnce.filter(isListed);
  const others = onlyOnce.filter((test) => !isListed(test));
  write("Failed once and passed alone. Each is a failure, and a fault of the test or a race in the product:", others.map(nameOf));
  write("Failed once and passed alone. Not counted, because test/unsteady.json lists them:", excused.map(nameOf));
  return excused.length;
}

function write(title, lines) {
  if (lines.length > 0) process.stdout.write(`\n${title}\n${lines.join("\n")}\n`);
}

function nameOf({ file, name }) {
  return `${sourceOf(file)}: ${name}`;
}

/** The reason is repeated at the end, because a log may be cut. */
function withReason(test) {
  return `${nameOf(test)}\n${test.reason.replace(/^/gm, "    ")}`;
}

/** The file that a person edits, of the built one. */
function sourceOf(file) {
  return relative(".", file).replace(/^build\/(.*)\.js$/, "$1.ts");
}

function slowest(durations) {
  const ordered = [...durations].sort((a, b) => b.durationMs - a.durationMs).slice(0, slowestShown);
  return ordered.map(({ file, durationMs }) => `${(durationMs / 1_000).toFixed(1).padStart(6)}  ${sourceOf(file)}`);
}

/** The runs of groups, each of which begins when the one before it has ended. */
function laneOf(groups) {
  let before = Promise.resolve();
  return groups.map((group) => {
    const output = new PassThrough({ encoding: "utf8" });
    const ended = before.then(() => runTests(group, output));
    before = ended;
    return { output, ended };
  });
}

async function printed(runs) {
  const total = { pass: 0, fail: 0, skipped: 0, failed: [], durations: [], hasCrashed: false };
  for (const { output, ended } of runs) {
    for await (const text of output) process.stdout.write(text);
    const { pass, fail, skipped, failed, durations, hasCrashed } = await ended;
    total.pass += pass;
    total.fail += fail;
    total.skipped += skipped;
    total.failed.push(...failed);
    total.durations.push(...durations);
    total.hasCrashed ||= hasCrashed;
  }
  return total;
}

/** One process of Node's runner, to its end: its counts, the tests that failed, with their files, and how long each file took. */
async function runTests({ files, concurrency, fileTimeoutMs }, output) {
  const folder = mkdtempSync(join(tmpdir(), "headrace-tests-"));
  const eventsPath = join(folder, "events.jsonl");
  const reporters = [
    ["spec", "stdout"],
    [fileURLToPath(new URL("test-events.mjs", import.meta.url)), eventsPath],
  ].flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`]);
  const options = [`--test-concurrency=${concurrency}`, `--test-timeout=${fileTimeoutMs}`];
  const child = spawnGroup(process.execPath, ["--test", ...options, ...reporters, ...files], {
    // The runner tells of a file that hangs, and then waits for what it has started.
    maxSilenceMs: 1.5 * fileTimeoutMs,
    onSilence: (running) =>
      output.write(`\nNothing came for a long time. These processes ran, and are killed now:\n${running.join("\n")}\n`),
  });
  const counts = { pass: 0, fail: 0, skipped: 0 };
  createInterface(child.stdout)
    .on("line", (line) => {
      const [, name, count] = /^\S* ?(pass|fail|skipped) (\d+)$/.exec(line) ?? [];
      if (name !== undefined) counts[name] = Number(count);
      output.write(`${line}\n`);
    })
    .on("close", () => output.end());
  const [code] = await once(child, "close");
  const events = readFileSync(eventsPath, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  rmSync(folder, { recursive: true });
  const failed = events.filter(({ name }) => name !== undefined);
  const durations = events.filter(({ durationMs }) => durationMs !== undefined);
  // A runner that a signal ends counts nothing.
  return { ...counts, failed, durations, hasCrashed: code !== 0 && failed.length === 0 };
}
