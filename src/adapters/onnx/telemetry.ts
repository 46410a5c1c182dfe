/** Turns off the telemetry of ONNX Runtime, which also crashes processes that have a long command line. */
import { readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { commandLineTooLong } from "./errors.js";

const variable = "ORT_DISABLE_TELEMETRY";
/** ONNX Runtime takes these values of `ORT_DISABLE_TELEMETRY` as true. */
const yes = /^(1|true|yes)$/i;

/**
 * Longest command line that is allowed with telemetry. The shortest command line that crashed a process was twice as long: 13 kB of file
 * names, with ONNX Runtime in a worker thread.
 */
const maxCommandLineBytes = 6_000;

/**
 * Sets `ORT_DISABLE_TELEMETRY`; must be called before ONNX Runtime is loaded. The telemetry of version 1.30 writes a device id and a
 * database into the user's cache and sends them to Microsoft. It also matches the command line against a deeply recursive regular
 * expression. A command line of 13 kB crashes the process without a message (SIGSEGV).
 *
 * Two cases leave telemetry on. If the user has set the variable to another value, that value is kept. In a worker thread, `process.env` is
 * a copy that ONNX Runtime does not see. In both cases, throws `usage_invalid` if the command line is too long.
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

/** Returns 0 if the operating system has no `/proc/self/cmdline`. Then ONNX Runtime cannot read the file either, and does not crash. */
function commandLineBytes(): number {
  try {
    return readFileSync("/proc/self/cmdline").byteLength;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
