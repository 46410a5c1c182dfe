/** Runs one benchmark of two versions in turn: of a commit in a checkout of its own, and of the working tree. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { median, spread } from "./harness.js";

export interface CompareOptions {
  /** The repository. Default: the current folder. */
  readonly root?: string;
  /** Default 3. */
  readonly rounds?: number;
}

export interface Comparison {
  readonly figures: readonly ComparedFigure[];
  /** Runs that say that they do not count, because of other work on the machine. */
  readonly uncountedRuns: number;
}

/** What both versions have measured. */
export interface ComparedFigure {
  readonly what: string;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** What the checkout borrows: programs, and servers and pictures that take minutes to make. */
const borrowed = ["node_modules", ".cache/services", ".cache/corpus"];

/** Builds `ref` in a temporary checkout, runs the benchmark `name` there and here in turn, and returns the figures that both have. */
export function compare(ref: string, name: string, { root = ".", rounds = 3 }: CompareOptions = {}): Comparison {
  const folder = resolve(root, ".cache", "compare");
  rmSync(folder, { recursive: true, force: true });
  run(root, "git", "worktree", "prune");
  run(root, "git", "worktree", "add", "--quiet", "--detach", folder, ref);
  try {
    for (const path of borrowed.filter((each) => existsSync(resolve(root, each)))) {
      mkdirSync(join(folder, ".cache"), { recursive: true });
      symlinkSync(resolve(root, path), join(folder, path));
    }
    for (const script of ["build", "build:tests"]) run(folder, "npm", "run", "--silent", script);
    const [before, after]: [string[], string[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      before.push(bench(folder, name));
      after.push(bench(root, name));
    }
    const uncountedRuns = [...before, ...after].filter((text) => text.includes("Not counted:")).length;
    return { figures: pairs(before.map(figuresIn), after.map(figuresIn)), uncountedRuns };
  } finally {
    run(root, "git", "worktree", "remove", "--force", folder);
  }
}

/** A table of the medians with their ranges, and the ratio of the medians. */
export function comparisonTable(ref: string, { figures, uncountedRuns }: Comparison): string {
  const digits = 3;
  const rows = figures.map(({ what, before, after }) => {
    const ratio = (median(after) / median(before)).toFixed(digits);
    return `| ${what} | ${spread(before, digits)} | ${spread(after, digits)} | ${ratio} |`;
  });
  const note =
    uncountedRuns === 0 ? [] : [`Not counted: other programs worked during ${uncountedRuns} runs. Measure again on a quiet machine.`, ""];
  return [...note, `| what | ${ref} | here | here ÷ ${ref} |`, "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}

/** What the benchmark prints. The file of results stays as it is. */
function bench(folder: string, name: string): string {
  return run(folder, process.execPath, join("build", "bench", "main.js"), name);
}

/** The rows of a printed section whose values begin with a number. */
function figuresIn(text: string): ReadonlyMap<string, number> {
  const rows = [...text.matchAll(/^\| (.+?) \| (-?\d[\d.]*)/gm)];
  return new Map(rows.map(([, what = "", value]) => [what, Number(value)]));
}

function pairs(before: readonly ReadonlyMap<string, number>[], after: readonly ReadonlyMap<string, number>[]): readonly ComparedFigure[] {
  const all = [...before, ...after];
  const names = [...(all[0]?.keys() ?? [])].filter((what) => all.every((figures) => figures.has(what)));
  const valuesOf = (what: string, runs: typeof all): readonly number[] => runs.map((figures) => figures.get(what)!);
  return names.map((what) => ({ what, before: valuesOf(what, [...before]), after: valuesOf(what, [...after]) }));
}

function run(folder: string, command: string, ...args: readonly string[]): string {
  const env = { ...process.env, HEADRACE_BENCH_RECORDS: "none" };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8", maxBuffer: 64 * 1024 * 1024, env });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status} in ${folder}: ${stdout}${stderr}`);
  return stdout;
}
