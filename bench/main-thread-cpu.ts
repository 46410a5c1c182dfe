/** CPU time of the main thread of this process. Linux only. */
import { readFileSync } from "node:fs";

/** Without the CPU time of worker threads, of Node's pool and of V8's helpers. */
export function mainThreadCpuMs(): number {
  const [runningNs = ""] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
  return Number(runningNs) / 1e6;
}
