/** What a sleeping model wrote down of its own work: when it was busy, with how many rows. */
import { readFile } from "node:fs/promises";

export interface Execution {
  readonly start_ns: number;
  readonly end_ns: number;
  readonly rows: number;
}

/**
 * The executions of the last run, without the probes at its beginning: those at the end of the log that together have `rows`.
 * Throws when no such number of them has exactly that many.
 */
export async function lastExecutions(busyLog: string, rows: number): Promise<readonly Execution[]> {
  const executions = (await readFile(busyLog, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Execution);
  let found = 0;
  let from = executions.length;
  while (from > 0 && found < rows) {
    from -= 1;
    found += executions[from]?.rows ?? 0;
  }
  if (found !== rows) throw new Error(`the model's log has ${found} rows, expected ${rows}: something was sent twice`);
  return executions.slice(from);
}

/** Speed of several models together, while all of them work: from the last one's begin to the first one's end. */
export function imagesPerSecond(logs: readonly (readonly Execution[])[]): number {
  const from = Math.max(...logs.map((log) => log[0]?.start_ns ?? Number.NaN));
  const to = Math.min(...logs.map((log) => log.at(-1)?.end_ns ?? Number.NaN));
  const within = ({ start_ns, end_ns }: Execution) => Math.max(0, Math.min(end_ns, to) - Math.max(start_ns, from)) / (end_ns - start_ns);
  const images = logs.flat().reduce((sum, execution) => sum + execution.rows * within(execution), 0);
  return (images / (to - from)) * 1e9;
}

/** 0 to 1: the share of the time from the first execution's start to the last one's end. */
export function busyShare(executions: readonly Execution[]): number {
  const busyNs = executions.reduce((sum, { start_ns, end_ns }) => sum + end_ns - start_ns, 0);
  return busyNs / ((executions.at(-1)?.end_ns ?? Number.NaN) - (executions[0]?.start_ns ?? Number.NaN));
}
