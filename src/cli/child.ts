/** Runs the command as a child process with the same streams, signals and exit, for Node versions that cannot replace their process. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { LauncherSignal, PassedSignal } from "./launcher-signals.js";

/** Exits as the child exits: with the same code, or by the same signal. */
export async function runAsChild(nodeArgs: readonly string[], environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  const child = spawn(process.execPath, nodeArgs, { env: { ...environment }, stdio: ["inherit", "inherit", "inherit", "ipc"] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) forwardSignal(signal, child);
  const { code, signal } = await exitOf(child);
  if (signal === null) {
    process.exitCode = code ?? 1;
    return;
  }
  // For signals that do not end a Node process, such as SIGPIPE.
  process.exitCode = 128 + constants.signals[signal];
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/**
 * Ctrl-C in a terminal reaches both processes; SIGTERM from a supervisor often reaches only the launcher. The launcher tells the child how
 * many signals it got. The child uses the larger of that number and its own, so that each signal counts once.
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
