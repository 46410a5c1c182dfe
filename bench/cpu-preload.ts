/** `node --import cpu-preload.js …`: at the end, writes the CPU time of the process, all threads, into the file that a variable names. */
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const file = process.env["HEADRACE_BENCH_CPU"];
if (isMainThread && file !== undefined) {
  process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    writeFileSync(file, String((user + system) / 1000));
  });
}
