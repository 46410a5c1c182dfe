/** Runs a call in a process of its own that is killed, by itself or from here. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { KilledCall } from "./killed-call.js";

const script = fileURLToPath(new URL("./killed-call.js", import.meta.url));

/** When to kill: so many milliseconds after so many images have ended. "itself": the process kills itself at its named point. */
export type Moment = { readonly afterImages: number; readonly afterMs: number } | "itself";

/** How many images had ended, and whether the process was killed before the end of the call. */
export interface Shot {
  readonly images: number;
  readonly wasKilled: boolean;
}

export async function shoot(call: KilledCall, moment: Moment): Promise<Shot> {
  const child = spawn(process.execPath, [script, JSON.stringify(call)], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  let images = 0;
  const mayKill = (): void => {
    if (moment !== "itself" && images === moment.afterImages) setTimeout(() => child.kill("SIGKILL"), moment.afterMs);
  };
  mayKill();
  for await (const line of createInterface(child.stdout)) {
    if (line !== "settled") continue;
    images += 1;
    mayKill();
  }
  const [code, signal] = await closed;
  if (code !== 0 && signal !== "SIGKILL") throw new Error(`the call ended with ${code ?? signal}`);
  return { images, wasKilled: signal === "SIGKILL" };
}
