/** Waits for background work of the server, as long as the work makes progress. */
import { setTimeout as sleep } from "node:timers/promises";
import { HeadraceError } from "../../../contracts/index.js";
import { abortedError } from "../../../kit/index.js";

const pollMs = 100;

/** How long loading, flushing or index building may make no progress before the call fails. */
const patienceMs = 600_000;

export interface Wait {
  /** Name of the work in error messages. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
}

/** "done", or a text that changes as the work advances. */
export type Progress = "done" | { readonly at: string };

/** Polls until `look` returns "done". Throws `timed_out` after ten minutes without progress. */
export async function until({ what, signal }: Wait, look: () => Promise<Progress>): Promise<void> {
  let seen = "";
  let since = Date.now();
  for (;;) {
    const progress = await look();
    if (progress === "done") return;
    if (progress.at !== seen) {
      seen = progress.at;
      since = Date.now();
    } else if (Date.now() - since > patienceMs) {
      throw new HeadraceError("timed_out", `${what}: expected progress within ${patienceMs / 1000} s, found none at ${progress.at}`, {
        scope: "service",
      });
    }
    await pause(pollMs, { what, signal });
  }
}

/** Throws `aborted` as soon as the signal fires. */
export async function pause(ms: number, { what, signal }: Wait): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    throw abortedError(signal!, what);
  }
}
