/** Runs a call in a process of its own, to its end or until it is killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { CallEnd, KilledCall } from "./killed-call.js";

const script = fileURLToPath(new URL("./killed-call.js", import.meta.url));

/** When to kill: so many milliseconds after so many images have ended. */
export interface Moment {
  readonly afterImages: number;
  readonly afterMs: number;
}

/** How many images had ended, and the end of the call; null if it was killed before. */
export interface Shot {
  readonly images: number;
  readonly end: CallEnd | null;
}

export async function runCall(call: KilledCall, moment?: Moment): Promise<Shot> {
  const child = spawn(process.execPath, [script, JSON.stringify(call)], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = exitOf(child);
  let images = 0;
  let end: CallEnd | null = null;
  const mayKill = (): void => {
    if (moment === undefined || images !== moment.afterImages) return;
    setTimeout(() => child.kill("SIGKILL"), moment.afterMs);
  };
  mayKill();
  if (child.stdout === null) throw new Error("the process has no output");
  for await (const line of createInterface(child.stdout)) {
    if (line === "settled") images += 1;
    else end = JSON.parse(line) as CallEnd;
    mayKill();
  }
  const code = await exit;
  if (moment === undefined && code !== 0) throw new Error(`the call ended with ${code}`);
  return { images, end: code === 0 ? end : null };
}

function exitOf(child: ChildProcess): Promise<NodeJS.Signals | number | null> {
  return new Promise((fulfil, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => fulfil(signal ?? code));
  });
}
