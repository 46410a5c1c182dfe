/** Runs the command as a child process with the launcher's streams, signals and exit code. For Node versions without `process.execve`. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { LauncherSignal, PassedSignal } from "./launcher-signals.js";
import { launcherPidVariable } from "./launcher-watch.js";

/** Runs the child, then ends this process like the child: with the same exit code, or by the same signal. */
export async function runAsChild(nodeArgs: readonly string[], environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  const env = { ...environment, [launcherPidVariable]: String(process.pid) };
  const child = spawn(process.execPath, nodeArgs, { env, stdio: ["inherit", "inherit", "inherit", "ipc"] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) forwardSignal(signal, child);
  const { code, signal } = await exitOf(child);
  if (signal === null) {
    process.exitCode = code ?? 1;
    return;
  }
  // Some signals, such as SIGPIPE, do not end a Node process. Then the process ends with this exit code.
  process.exitCode = 128 + constants.signals[signal];
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/**
 * Passes a signal to the child. Ctrl-C in a terminal reaches both processes, but SIGTERM from a supervisor often reaches only the launcher.
 * So the launcher sends the child the number of signals that the launcher got. The child uses the larger of that number and its own number.
 * So a signal that reached both processes counts once.
 */
function forwardSignal(signal: PassedSignal, child: ChildProcess): void {
  let count = 0;
  process.on(signal, () => {
    count += 1;
    if (child.connected) child.send({ signal, count } satisfies LauncherSignal);
  });
}

function exitOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  return new Promise((fulfil, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => fulfil({ code, signal }));
  });
}
