/** Calls that are killed in the middle: each is made in a process of its own, which kills itself. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Call, callSource, callText } from "./calls.js";
import { commandCall } from "./command-call.js";
import type { Source } from "./places.js";
import type { PlayedCall, Player } from "./player.js";
import type { Ended } from "./product.js";

const script = fileURLToPath(new URL("./killed-call.js", import.meta.url));

const commandStepMs = 200;

/** What the other process is told. */
export interface KilledCall {
  readonly call: Call;
  readonly folder: string;
  /** The process ends before this call of the store. */
  readonly nth: number;
  readonly aheadMs: number;
}

export async function killedCall(
  player: Player,
  { verb, named, files, nth }: Pick<Call, "verb" | "files"> & { readonly named: readonly Source[]; readonly nth: number },
): Promise<PlayedCall> {
  const call: Call = { verb, source: callSource(named, player.world), share: 1, containers: "keep", files };
  const played = await player.judged(call, named, async () => {
    const { shop, aheadMs } = player;
    const { folder } = shop;
    // The command line cannot be told where to end, so it is killed at any moment.
    const killAfterMs = nth * commandStepMs;
    const work = () =>
      shop.kind === "command" ? commandCall(call, { folder, killAfterMs }) : callInProcess({ call, folder, nth, aheadMs });
    return { ended: await shop.away(work), during: null };
  });
  player.count(played.ended.error === "killed" ? "kills" : "calls of a process that outlived them");
  return {
    ...played,
    text: `${callText(verb === "prune" ? "sync --prune" : verb, named)}, killed before call ${nth} of the store${played.text}`,
  };
}

async function callInProcess(call: KilledCall): Promise<Ended> {
  const child = spawn(process.execPath, [script, JSON.stringify(call)], { stdio: ["ignore", "pipe", "inherit"] });
  const [closed, printed] = await Promise.all([
    once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
    text(child.stdout),
  ]);
  const [code, signal] = closed;
  if (signal === "SIGKILL") return { completed: false, failed: 0, pruned: 0, kept: {}, error: "killed" };
  if (code !== 0) throw new Error(`the process ended with ${code ?? signal}: ${printed}`);
  return JSON.parse(printed) as Ended;
}
