/** `node --import main-thread-preload.js …`: writes the CPU time of the main thread into the folder that a variable names, at the end. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { mainThreadCpuMs } from "./main-thread-cpu.js";

const folder = process.env["HEADRACE_BENCH_MAIN_THREAD"];
if (isMainThread && folder !== undefined) {
  process.on("exit", () => writeFileSync(join(folder, String(process.pid)), String(mainThreadCpuMs())));
}
