/** The leases that this process holds. Extends them together, and notices those that are lost. */
import type { HeadraceError, Lease, ShardResult } from "../../contracts/index.js";
import { isLost, queueError } from "./errors.js";
import type { Job, Worker } from "./vendor.js";

export interface HeldLeasesOptions {
  readonly worker: Worker;
  readonly leaseMs: number;
  readonly server: string;
  /** Keeps the result of a shard, before its job ends. */
  readonly keepResult: (shardId: string, result: ShardResult) => Promise<void>;
}

interface Held {
  readonly token: string;
  readonly lost: AbortController;
}

export class HeldLeases {
  readonly #options: HeldLeasesOptions;
  readonly #held = new Map<string, Held>();
  readonly #timer: ReturnType<typeof setInterval>;
  #extending = false;

  constructor(options: HeldLeasesOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#extend(), options.leaseMs / 3);
    this.#timer.unref();
  }

  hold(job: Job, token: string): Lease {
    const id = job.id ?? "";
    const lost = new AbortController();
    this.#held.set(id, { token, lost });
    const end = async (move: () => Promise<unknown>): Promise<"done" | "lost"> => {
      if (!this.#held.has(id)) return "lost";
      this.#held.delete(id);
      try {
        await move();
        return "done";
      } catch (cause) {
        if (isLost(cause)) return "lost";
        throw queueError(cause, this.#options.server);
      }
    };
    return {
      work: job.name === "upkeep" ? "upkeep" : job.data,
      lost: lost.signal,
      acknowledge: (result) =>
        end(async () => {
          if (result !== null) await this.#options.keepResult(id, result);
          await job.moveToCompleted(result?.counts ?? null, token, false);
        }),
      giveBack: async () => {
        await end(() => job.moveToWait(token));
      },
      fail: async (error: HeadraceError) => {
        await end(() => job.moveToFailed(error, token, false));
      },
    };
  }

  /** Ends the extension of all leases. They end by themselves. */
  close(): void {
    clearInterval(this.#timer);
    this.#held.clear();
  }

  async #extend(): Promise<void> {
    if (this.#extending || this.#held.size === 0) return;
    this.#extending = true;
    const ids = [...this.#held.keys()];
    const tokens = ids.map((id) => this.#held.get(id)?.token ?? "");
    try {
      for (const id of await this.#options.worker.extendJobLocks(ids, tokens, this.#options.leaseMs)) {
        const held = this.#held.get(id);
        this.#held.delete(id);
        held?.lost.abort();
      }
    } catch {
      // The server is unavailable for too long. The next call of the caller reports that.
    } finally {
      this.#extending = false;
    }
  }
}
