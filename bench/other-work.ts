/** How busy the machine is with other work. A figure that was taken beside other work is not counted. Linux only. */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const sampleMs = 2_000;
/** The machine counts as quiet below this many cores of other work. */
const quietCores = 0.2;

/** Measures for two seconds in which this process does nothing. Returns null if the machine is quiet, else what it does, in words. */
export async function otherWork(): Promise<string | null> {
  const before = busyTicks();
  await pause(sampleMs);
  const cores = (busyTicks() - before) / ticksPerSecond / (sampleMs / 1_000);
  return cores < quietCores ? null : `${cores.toFixed(1)} cores were busy with other work`;
}

/** Linux counts processor time in hundredths of a second, whatever the clock of the kernel. */
const ticksPerSecond = 100;

function busyTicks(): number {
  const [, ...ticks] = (readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "").trim().split(/\s+/).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = ticks;
  return user + nice + system + irq + softIrq;
}
