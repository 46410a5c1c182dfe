/** `node --import main-thread-preload.js …`: at the end, writes the CPU time of the main thread into the file that a variable names. */
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { mainThreadCpuMs } from "./main-thread-cpu.js";

const file = process.env["HEADRACE_BENCH_MAIN_THREAD"];
if (isMainThread && file !== undefined) process.on("exit", () => writeFileSync(file, String(mainThreadCpuMs())));
