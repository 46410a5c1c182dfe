/** Turns off the telemetry of ONNX Runtime. The telemetry also crashes processes with a long command line. */
import { readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { commandLineTooLong } from "./errors.js";

const variable = "ORT_DISABLE_TELEMETRY";
/** Values that the runtime accepts as true. */
const yes = /^(1|true|yes)$/i;

/** Half the length of the shortest command line that crashed a process: 13 kB of file names, with the runtime in a worker thread. */
const maxCommandLineBytes = 6_000;

/**
 * Telemetry in version 1.30 writes a device id and a database into the user's cache and sends them to Microsoft. It also matches the
 * command line with a deeply recursive regular expression: 13 kB crash the process without a message (SIGSEGV). Setting the variable
 * before the runtime is loaded prevents both.
 *
 * The variable cannot be set if the user has set it to keep telemetry on, or in a worker thread, where `process.env` is a copy that the
 * runtime does not see. Throws `usage_invalid` if the command line is too long in these cases.
 */
export function refuseTelemetry(): void {
  if (yes.test(process.env[variable] ?? "")) return;
  if (isMainThread && process.env[variable] === undefined) {
    process.env[variable] = "1";
    return;
  }
  const bytes = commandLineBytes();
  if (bytes > maxCommandLineBytes) throw commandLineTooLong(bytes, maxCommandLineBytes);
}

/** Zero if the system has no such file. Then the runtime cannot read it either. */
function commandLineBytes(): number {
  try {
    return readFileSync("/proc/self/cmdline").byteLength;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
