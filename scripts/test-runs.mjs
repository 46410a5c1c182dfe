/** Runs of Node's test runner beside one another, and a second run of the few files that failed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";

/**
 * Runs the groups at the same time and prints what each prints, one after the other. Returns `pass`, `fail` and `skipped`: numbers of tests.
 *
 * At most `mostFilesAgain` files that failed run once more, with nothing beside them: the groups share two cores, and some tests watch
 * the time. A test that fails again has failed. One that fails in one of the two runs is named, for it is a fault of the test or a race
 * in the product.
 */
export async function runTestGroups(groups, mostFilesAgain) {
  const total = await printed(groups.map(({ files, concurrency }) => runTests(files, concurrency)));
  const files = [...new Set(total.failed.map(({ file }) => file))];
  if (total.hasCrashed || files.length === 0 || files.length > mostFilesAgain) return total;
  process.stdout.write(`\nOnce more, alone:\n${namesOf(total).join("\n")}\n\n`);
  const again = await printed([runTests(files, 1)]);
  const twice = namesOf(again).filter((name) => namesOf(total).includes(name));
  if (again.hasCrashed || twice.length > 0) return total;
  process.stdout.write(`\nUnsteady tests, which failed in one of two runs:\n${[...namesOf(total), ...namesOf(again)].join("\n")}\n`);
  return { ...total, pass: total.pass + total.fail, fail: 0 };
}

function namesOf({ failed }) {
  return failed.map(({ file, name }) => `${relative(".", file)}: ${name}`);
}

async function printed(runs) {
  const total = { pass: 0, fail: 0, skipped: 0, failed: [], hasCrashed: false };
  for (const { output, ended } of runs) {
    for await (const text of output) process.stdout.write(text);
    const { pass, fail, skipped, failed, hasCrashed } = await ended;
    total.pass += pass;
    total.fail += fail;
    total.skipped += skipped;
    total.failed.push(...failed);
    total.hasCrashed ||= hasCrashed;
  }
  return total;
}

/** One process of Node's runner: what it prints, and when it ended, its counts and the tests that failed, with their files. */
function runTests(paths, concurrency) {
  const output = new PassThrough({ encoding: "utf8" });
  const folder = mkdtempSync(join(tmpdir(), "headrace-tests-"));
  const failedPath = join(folder, "failed.jsonl");
  const reporters = [
    ["spec", "stdout"],
    [fileURLToPath(new URL("failed-tests.mjs", import.meta.url)), failedPath],
  ].flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`]);
  const child = spawn(process.execPath, ["--test", `--test-concurrency=${concurrency}`, ...reporters, ...paths], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const counts = { pass: 0, fail: 0, skipped: 0 };
  createInterface(child.stdout)
    .on("line", (line) => {
      const [, name, count] = /^\S* ?(pass|fail|skipped) (\d+)$/.exec(line) ?? [];
      if (name !== undefined) counts[name] = Number(count);
      output.write(`${line}\n`);
    })
    .on("close", () => output.end());
  const ended = once(child, "close").then(([code]) => {
    const failed = readFileSync(failedPath, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    rmSync(folder, { recursive: true });
    // A hook that fails counts as no test, and a runner that a signal ends counts nothing.
    return { ...counts, fail: code === 0 ? 0 : Math.max(1, counts.fail), failed, hasCrashed: code !== 0 && failed.length === 0 };
  });
  return { output, ended };
}
