/** Ends this process as soon as its launcher is gone. Used when the command runs as a child process of the launcher. */
import { Worker } from "node:worker_threads";

/** The launcher writes its process id into this environment variable of the child. */
export const launcherPidVariable = "HEADRACE_LAUNCHER_PID";

/** The launcher's end is noticed after this time at the latest. */
const pollMs = 50;

/**
 * A thread of its own looks, because the main thread may be busy for seconds. It ends the process with SIGKILL, because the signal that
 * ended the launcher would also have ended a command that runs without a launcher. When a parent ends, its children get another parent.
 */
const watchCode = `
const { workerData: { launcherPid, pollMs } } = require("node:worker_threads");
const never = new Int32Array(new SharedArrayBuffer(4));
while (process.ppid === launcherPid) Atomics.wait(never, 0, 0, pollMs);
process.kill(process.pid, "SIGKILL");
`;

/** Does nothing in a process that no launcher has started. Removes the variable, so that no child process believes that it was meant. */
export function endWithLauncher(): void {
  const launcherPid = Number(process.env[launcherPidVariable] ?? "0");
  delete process.env[launcherPidVariable];
  if (launcherPid === 0) return;
  // Without the options of the command line and NODE_OPTIONS: a module that they preload must not run a second time.
  new Worker(watchCode, { eval: true, execArgv: [], env: {}, workerData: { launcherPid, pollMs } }).unref();
}
