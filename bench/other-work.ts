/** How busy the machine is with other work. A figure that was taken beside other work is not counted. Linux only. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const sampleMs = 2_000;
/** The machine counts as quiet below this many cores of other work. */
const quietCores = 0.2;
/** The kernel works for a benchmark too, above all when it writes files, and accounts for that elsewhere: at most this share of its own work. */
const kernelShare = 0.05;

/** Processor time since the machine started, in hundredths of a second: of all processes, and of this one with all that it started. */
export interface ProcessorTicks {
  readonly all: number;
  readonly own: number;
  readonly takenMs: number;
}

/** Measures for two seconds in which this process does nothing. Returns null if the machine is quiet, else what it does, in words. */
export async function otherWork(): Promise<string | null> {
  const before = processorTicks();
  await pause(sampleMs);
  return otherWorkBetween(before, processorTicks());
}

/** Returns null if the machine did no other work between two readings, else what it did, in words. */
export function otherWorkBetween(before: ProcessorTicks, after: ProcessorTicks): string | null {
  const coresOf = (what: "all" | "own"): number =>
    (after[what] - before[what]) / ticksPerSecond / ((after.takenMs - before.takenMs) / 1_000);
  const others = coresOf("all") - coresOf("own");
  return others < quietCores + kernelShare * coresOf("own") ? null : `${others.toFixed(1)} cores were busy with other work`;
}

export function processorTicks(): ProcessorTicks {
  return { all: busyTicks(), own: ticksBelow(process.pid), takenMs: performance.now() };
}

/** Linux counts processor time in hundredths of a second, whatever the clock of the kernel. */
const ticksPerSecond = 100;

function busyTicks(): number {
  const [, ...ticks] = (readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "").trim().split(/\s+/).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = ticks;
  return user + nice + system + irq + softIrq;
}

interface Usage {
  readonly parent: number;
  /** With the children that have ended. */
  readonly ticks: number;
}

function ticksBelow(root: number): number {
  const usages = new Map(readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? usageOf(name) : [])));
  const isBelow = (pid: number): boolean => pid === root || (usages.has(pid) && isBelow(usages.get(pid)!.parent));
  return [...usages].filter(([pid]) => isBelow(pid)).reduce((sum, [, { ticks }]) => sum + ticks, 0);
}

/** Empty if the process has ended. */
function usageOf(pid: string): readonly (readonly [number, Usage])[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name of the program stands in parentheses, and may have spaces and parentheses itself.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15).map(Number);
    return [[Number(pid), { parent: Number(fields[1]), ticks: user + system + childrenUser + childrenSystem }]];
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
