/** A program that aborts its insert gets its call back, ends by itself, and can go on from there. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { makeCorpus } from "../support/corpus/corpus.js";
import { extent } from "../support/extent.js";
import type { AbortableRun } from "./abortable-run.js";

const script = fileURLToPath(new URL("./abortable-run.js", import.meta.url));
const corpusFolder = resolve(".cache", "corpus", "abort-120");
const total = 120;

interface Ended extends AbortableRun {
  /** From what the program printed last to its end. */
  readonly exitMs: number;
  readonly stderr: string;
}

/** What the signal ends, and the moments it is aborted at; each list shares a folder, so that the later ones have less to do. */
const cases = [
  { target: "opening", name: "open() with a signal", moments: extent({ some: ["0", "150"], all: ["0", "30", "150"] }) },
  {
    target: "lazy",
    name: "an insert that opens its parts itself",
    moments: extent({ some: ["30", "300"], all: ["0", "30", "100", "300"] }),
  },
  {
    target: "eager",
    name: "an insert with all parts open",
    moments: extent({ some: ["0", "rows", "300"], all: ["0", "rows", "100", "300", "800", "1500"] }),
  },
];

describe("aborted with the real parts", () => {
  before(async () => {
    await makeCorpus({ folder: corpusFolder, count: total, seed: 31, sizes: "vga" });
  });

  for (const { target, name, moments } of cases) {
    it(`${name} rejects soon at any moment, the process ends by itself, and the same call completes it`, {
      timeout: 120_000,
    }, async (context) => {
      const data = await mkdtemp(join(tmpdir(), "headrace-abort-"));
      try {
        for (const moment of moments) {
          const { code, stderr, abortMs, exitMs, rows } = await run(data, target, moment);
          // A fast machine has all rows before the later moments.
          const wasDoneBefore = abortMs === null && rows === total;
          if (wasDoneBefore && Number(moment) > 0) continue;
          context.diagnostic(`${moment}: rejected after ${abortMs?.toFixed(0)} ms, ended ${exitMs.toFixed(0)} ms after close()`);
          assert.deepEqual([code, stderr], ["aborted", ""], `aborted at ${moment}`);
          assert.ok(abortMs !== null && abortMs < 2_000, `aborted at ${moment}: rejected after ${abortMs} ms`);
          assert.ok(exitMs < 5_000, `aborted at ${moment}: ended ${exitMs} ms after close()`);
          assert.deepEqual(await locksIn(data), [], `aborted at ${moment}`);
        }
        const { code, rows, stderr } = await run(data, target, "never");
        assert.deepEqual([code, rows, stderr], [null, total, ""]);
      } finally {
        await rm(data, { recursive: true, force: true });
      }
    });
  }
});

async function run(data: string, target: string, moment: string): Promise<Ended> {
  const child = spawn(process.execPath, [script, corpusFolder, data, target, moment], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr, printedAt] = ["", "", 0];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    printedAt = performance.now();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exitCode = await new Promise<number | null>((fulfil, reject) => {
    child.once("error", reject);
    child.once("close", fulfil);
  });
  const exitMs = performance.now() - printedAt;
  assert.equal(exitCode, 0, stderr);
  return { ...(JSON.parse(stdout) as AbortableRun), exitMs, stderr };
}

async function locksIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true });
  return files.filter((file) => file.includes(".lock"));
}
