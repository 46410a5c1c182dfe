/** The command as the launcher's child, for a Node that cannot replace its own process: same streams, signals and end. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { LauncherSignal, PassedSignal } from "./launcher-signals.js";

/** Ends this process as the child ends. */
export async function runAsChild(nodeArgs: readonly string[], environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  const child = spawn(process.execPath, nodeArgs, { env: { ...environment }, stdio: ["inherit", "inherit", "inherit", "ipc"] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) passOn(signal, child);
  const { code, signal } = await endOf(child);
  if (signal === null) {
    process.exitCode = code ?? 1;
    return;
  }
  // Set for the signals that do not end a Node process, such as SIGPIPE.
  process.exitCode = 128 + constants.signals[signal];
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/**
 * A terminal's Ctrl-C reaches both processes, a supervisor's SIGTERM often the launcher alone. The child is told how many came here, and
 * takes the larger of that number and its own: each signal counts once, however it was sent.
 */
function passOn(signal: PassedSignal, child: ChildProcess): void {
  let count = 0;
  process.on(signal, () => {
    count += 1;
    if (child.connected) child.send({ signal, count } satisfies LauncherSignal);
  });
}

function endOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  return new Promise((fulfil, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => fulfil({ code, signal }));
  });
}
