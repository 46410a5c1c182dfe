/** Waits for background work of the server, as long as the work makes progress. */
import { setTimeout as sleep } from "node:timers/promises";
import { HeadraceError } from "../../../contracts/index.js";
import { abortedError } from "../../../kit/index.js";
import type { MilvusConnection } from "./client.js";

const pollMs = 100;

export interface Wait {
  /** Name of the work in error messages. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
}

/** "done", or a text that changes as the work advances. */
export type Progress = "done" | { readonly at: string };

/** Polls until `look` returns "done". Throws `timed_out` if there is no progress for `milvus.max_stall`. */
export async function until(
  { what, signal, maxStallMs }: Wait & Pick<MilvusConnection, "maxStallMs">,
  look: () => Promise<Progress>,
): Promise<void> {
  let seen = "";
  let since = Date.now();
  for (;;) {
    const progress = await look();
    if (progress === "done") return;
    if (progress.at !== seen) {
      seen = progress.at;
      since = Date.now();
    } else if (Date.now() - since > maxStallMs) {
      const text = `${what}: expected progress within milvus.max_stall, ${maxStallMs / 1000} s, found none at ${progress.at}`;
      throw new HeadraceError("timed_out", text, {
        scope: "service",
        hint: "The server continues this work, and the next call waits for it again. Raise milvus.max_stall to wait longer.",
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
