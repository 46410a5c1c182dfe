/** Opens the model and the store before the first request, and waits for those of their servers that are not there yet. */
import type { ImageEmbeddingPipeline } from "../app/index.js";
import { backOffMs, pauseUnlessAborted } from "../kit/index.js";
import type { Log } from "./telemetry/log.js";

export interface WarmUpOptions {
  readonly pipeline: Pick<ImageEmbeddingPipeline, "health">;
  readonly log: Log;
  /** Ends the wait. */
  readonly signal: AbortSignal;
  /** Pause before the second attempt. It doubles up to thirty times. Default: one second. */
  readonly firstPauseMs?: number;
}

const defaultFirstPauseMs = 1_000;
const longestPauses = 30;

/** Until this resolves, requests fail and the server is not ready. Never rejects: what does not work is in the log. */
export async function warmUp({ pipeline, log, signal, firstPauseMs = defaultFirstPauseMs }: WarmUpOptions): Promise<void> {
  const working = new Set<string>();
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const { ok, parts } = await pipeline.health();
    const pauseMs = backOffMs({ baseDelayMs: firstPauseMs, maxDelayMs: longestPauses * firstPauseMs }, attempt);
    for (const { name, kind, ok: works, detail, hint } of parts) {
      if (!works) {
        working.delete(name);
        log("error", "part fails", { part: name, kind, detail, ...(hint === null ? {} : { hint }), retry_ms: pauseMs });
      } else if (!working.has(name)) {
        working.add(name);
        log("info", "part works", { part: name, kind, detail });
      }
    }
    if (ok) {
      log("info", "ready", { attempts: attempt });
      return;
    }
    await pauseUnlessAborted(pauseMs, signal);
  }
}
