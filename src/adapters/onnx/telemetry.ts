/** Keeps ONNX Runtime from reporting its use, and from what that does to a process with a long command line. */
import { readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { commandLineTooLong } from "./errors.js";

const variable = "ORT_DISABLE_TELEMETRY";
/** The values that the runtime takes for yes. */
const yes = /^(1|true|yes)$/i;

/** Half of the shortest command line that ended a process: 13 kB, of file names, with the runtime in a worker thread. */
const maxCommandLineBytes = 6_000;

/**
 * Version 1.30 writes a device id and a data base into the user's cache and sends them to its maker; on the way it matches the command line
 * with a regular expression so deep that 13 kB end the process without a word (SIGSEGV). It does neither when the variable says so before
 * it is loaded. Throws `usage_invalid` where that cannot be said: by a user who wants the reports, or in a worker thread, whose variables
 * are copies that the runtime does not see.
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

/** Zero where the system has no such file: there the runtime cannot read it either. */
function commandLineBytes(): number {
  try {
    return readFileSync("/proc/self/cmdline").byteLength;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
