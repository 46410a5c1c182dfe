/** Memory of a process and of all processes that it has started. Linux only. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const sampleEveryMs = 500;

export interface TreeRun {
  readonly output: string;
  /** From the start of the process to its end. */
  readonly elapsedMs: number;
  /** The largest sum that was seen. Memory that processes share counts once. */
  readonly peakBytes: number;
}

/** Runs a program to its end. Rejects if the exit code is not 0. */
export function measureTree(command: string, args: readonly string[]): Promise<TreeRun> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const texts = { output: "", errors: "" };
    collect(child, texts);
    let peakBytes = 0;
    const timer = setInterval(() => {
      peakBytes = Math.max(peakBytes, treeBytes(child.pid ?? 0));
    }, sampleEveryMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(timer);
      const elapsedMs = performance.now() - startedMs;
      if (code === 0) resolve({ output: texts.output, elapsedMs, peakBytes });
      else reject(new Error(`${command} ${args[0]} ended with ${code}: ${texts.errors.slice(-2_000)}`));
    });
  });
}

function collect({ stdout, stderr }: ChildProcess, texts: { output: string; errors: string }): void {
  stdout?.setEncoding("utf8").on("data", (part: string) => {
    texts.output += part;
  });
  stderr?.setEncoding("utf8").on("data", (part: string) => {
    texts.errors += part;
  });
}

function treeBytes(root: number): number {
  const parents = new Map(readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [[Number(name), parentOf(name)] as const] : [])));
  const isBelow = (pid: number | undefined): boolean => pid !== undefined && pid > 1 && (pid === root || isBelow(parents.get(pid)));
  return [...parents.keys()].filter(isBelow).reduce((sum, pid) => sum + ownBytes(pid), 0);
}

function parentOf(pid: string): number {
  return Number(/^PPid:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** The process' share of all its memory. */
function ownBytes(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
}

/** Empty if the process has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
