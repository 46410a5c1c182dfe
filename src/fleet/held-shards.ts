/** The shards that a worker holds: one stream of images for a run, and an acknowledgement for each shard whose images have all ended. */
import {
  HeadraceError,
  type IngestInput,
  type Lease,
  type Outcome,
  type Shard,
  type ShardCounts,
  type WorkQueue,
} from "../contracts/index.js";
import { deadLetterOf, entryName, idName, sourceName } from "../sources/index.js";
import { contentOf, partLabel } from "./shard-content.js";

export interface HeldShardsOptions {
  readonly queue: WorkQueue;
  readonly whenDone: "end" | "wait";
  /** Lists the images of a shard. */
  readonly list: (shard: Shard, stop: AbortSignal) => AsyncIterable<IngestInput>;
  /** Does the last job. */
  readonly upkeep: () => Promise<void>;
  readonly notice: (message: string) => void;
}

interface Held {
  readonly lease: Lease;
  /** Number of the shard's first image in the run. */
  readonly from: number;
  /** Number of the first image behind the shard. null: its images are still being listed. */
  to: number | null;
  counts: Record<keyof ShardCounts, number>;
  readonly failed: Map<string, string>;
  readonly cured: string[];
  /** False: it will not be acknowledged. */
  isWhole: boolean;
}

/** The worker ends when this many different shards, one after the other, cannot be listed. Then its machine is probably at fault. */
const maxUnlisted = 3;

export class HeldShards {
  readonly #options: HeldShardsOptions;
  readonly #held = new Set<Held>();
  readonly #unlisted = new Set<string>();
  #next = 0;

  constructor(options: HeldShardsOptions) {
    this.#options = options;
  }

  /** Streams the images of one shard after the other. The next shard is taken while the images of the last one are still in work. */
  async *inputs(stop: AbortSignal): AsyncGenerator<IngestInput> {
    const { queue, whenDone } = this.#options;
    while (!stop.aborted) {
      const lease = await queue.take({ signal: stop, whenDone });
      if (lease === null) return;
      if (lease.work === "upkeep") await this.#doUpkeep(lease);
      else yield* this.#images(lease, lease.work, stop);
    }
  }

  /** Counts the outcome of an image. The promise resolves when the shard is acknowledged, if this was its last image. */
  settle(outcome: Outcome): Promise<void> | undefined {
    const held = [...this.#held].find(({ from, to }) => outcome.seq >= from && (to === null || outcome.seq < to));
    if (held === undefined) return undefined;
    count(held, outcome);
    return this.#isOver(held) ? this.#acknowledge(held) : undefined;
  }

  /** Gives the shards back that have not ended. Called when the run has ended. */
  async release(): Promise<void> {
    for (const { lease } of this.#held) await lease.giveBack();
    this.#held.clear();
  }

  async *#images(lease: Lease, shard: Shard, stop: AbortSignal): AsyncGenerator<IngestInput> {
    const held = newHeld(lease, this.#next);
    this.#held.add(held);
    const ending = AbortSignal.any([stop, lease.lost]);
    try {
      for await (const input of this.#options.list(shard, ending)) {
        if (lease.lost.aborted) break;
        this.#next += 1;
        yield input;
      }
    } catch (error) {
      await this.#fail(held, shard, HeadraceError.from(error));
      return;
    }
    held.to = this.#next;
    if (ending.aborted) held.isWhole = false;
    else this.#unlisted.clear();
    if (lease.lost.aborted) this.#held.delete(held);
    else if (this.#isOver(held)) await this.#acknowledge(held);
  }

  #isOver({ isWhole, from, to, counts }: Held): boolean {
    return isWhole && to !== null && counts.read === to - from;
  }

  async #acknowledge(held: Held): Promise<void> {
    this.#held.delete(held);
    const { lease, counts, failed, cured } = held;
    await lease.acknowledge({ counts, failed, cured });
  }

  /** Images that were listed before the error stay in work. */
  async #fail(held: Held, shard: Shard, error: HeadraceError): Promise<void> {
    this.#held.delete(held);
    const reason = new HeadraceError(error.code, `${partLabel(contentOf(shard).part)}: ${error.message}`, { cause: error });
    await held.lease.fail(reason);
    this.#options.notice(`A shard cannot be listed: [${error.code}] ${error.message}`);
    this.#unlisted.add(shard.id);
    if (this.#unlisted.size < maxUnlisted) return;
    throw new HeadraceError("source_failed", `${maxUnlisted} shards in a row cannot be listed here, the last: ${error.message}`, {
      hint: "Check that this machine sees the source under the same path as the machine that distributed it.",
      cause: error,
    });
  }

  async #doUpkeep(lease: Lease): Promise<void> {
    try {
      await this.#options.upkeep();
      await lease.acknowledge(null);
    } catch (thrown) {
      const error = HeadraceError.from(thrown);
      if (error.code === "aborted") return lease.giveBack();
      await lease.fail(error);
      this.#options.notice(`Upkeep failed: [${error.code}] ${error.message}`);
    }
  }
}

function newHeld(lease: Lease, from: number): Held {
  const counts = { read: 0, stored: 0, reused: 0, skipped: 0, failed: 0 };
  return { lease, from, to: null, counts, failed: new Map(), cured: [], isWhole: true };
}

function count(held: Held, outcome: Outcome): void {
  const { counts, failed, cured } = held;
  if (outcome.kind === "abandoned") {
    held.isWhole = false;
    return;
  }
  counts.read += 1;
  counts[outcome.kind] += 1;
  if (outcome.kind === "stored" && outcome.reused) counts.reused += 1;
  const { source, line } = outcome.facts;
  if (outcome.kind === "failed") {
    const letter = deadLetterOf(outcome, new Date().toISOString());
    failed.set(entryName(letter), JSON.stringify(letter));
    // Earlier versions named an entry by its source.
    cured.push(source);
  }
  if (outcome.kind === "stored" || (outcome.kind === "skipped" && outcome.reason === "known")) {
    cured.push(idName(outcome.id), sourceName(source), source);
    if (line !== undefined) cured.push(sourceName(line), line);
  }
}
