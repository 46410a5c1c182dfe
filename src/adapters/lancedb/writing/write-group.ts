/** A group of batches that are written to the table in one commit. Each batch gets its own result. */
import type { RowBatch, RowFailure } from "../../../contracts/index.js";
import { metadataBytes } from "../../../kit/index.js";

/**
 * Most rows and bytes of one commit. Each commit adds a fragment to the table, and fragments with this many rows need no compaction.
 * During a commit, four copies of its rows are in memory.
 */
export const groupLimits = { rows: 4_096, bytes: 16 * 1024 * 1024 } as const;

/** A batch with fewer rows than this does not wait for other batches, because a user may be waiting for the result. */
const smallBatchRows = 32;

/** The result of a batch. A fulfilled result lists the rows that failed; all other rows of the batch are durable. */
export type Settled = PromiseSettledResult<readonly RowFailure[]>;

/** One batch of a group, as its caller sees it. */
export interface Member {
  readonly settled: Promise<readonly RowFailure[]>;
  /** True for the first batch of the group. */
  readonly isFirst: boolean;
  /** Removes the batch from the group. Returns false if the group is already being written; then the batch is written too. */
  leave(): boolean;
}

interface Waiting {
  readonly batch: RowBatch;
  readonly resolve: (failures: readonly RowFailure[]) => void;
  readonly reject: (reason: unknown) => void;
}

export class WriteGroup {
  readonly #waiting = new Set<Waiting>();
  #rows = 0;
  #bytes = 0;
  #state: "gathering" | "hurried" | "closed" = "gathering";
  #onHurry: () => void = () => undefined;

  /** Returns false if the group is already being written, or if the batch would make the group larger than `groupLimits`. */
  hasRoomFor(batch: RowBatch): boolean {
    if (this.#state === "closed") return false;
    return this.#rows + batch.ids.length <= groupLimits.rows && this.#bytes + bytesOf(batch) <= groupLimits.bytes;
  }

  add(batch: RowBatch): Member {
    const isFirst = this.#waiting.size === 0;
    let added: Waiting | undefined;
    const settled = new Promise<readonly RowFailure[]>((resolve, reject) => {
      added = { batch, resolve, reject };
      this.#waiting.add(added);
    });
    this.#rows += batch.ids.length;
    this.#bytes += bytesOf(batch);
    const isFull = this.#rows >= groupLimits.rows || this.#bytes >= groupLimits.bytes;
    if (batch.ids.length < smallBatchRows || isFull) this.hurry();
    return { settled, isFirst, leave: () => this.#leave(added!) };
  }

  /** Ends the time in which `write` waits for more batches. */
  hurry(): void {
    if (this.#state === "gathering") this.#state = "hurried";
    this.#onHurry();
  }

  /** Waits up to `lingerMs` for more batches; `hurry` ends this wait. Then commits the batches of the group and settles each of them. */
  async write(lingerMs: number, commit: (batches: readonly RowBatch[]) => Promise<readonly Settled[]>): Promise<void> {
    if (lingerMs > 0 && this.#state === "gathering") await this.#hurried(lingerMs);
    this.#state = "closed";
    const members = [...this.#waiting];
    if (members.length === 0) return;
    try {
      const outcomes = await commit(members.map(({ batch }) => batch));
      for (const [at, { resolve, reject }] of members.entries()) {
        const outcome = outcomes[at]!;
        if (outcome.status === "fulfilled") resolve(outcome.value);
        else reject(outcome.reason);
      }
    } catch (cause) {
      for (const { reject } of members) reject(cause);
    }
  }

  #hurried(lingerMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, lingerMs);
      this.#onHurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #leave(waiting: Waiting): boolean {
    if (this.#state === "closed" || !this.#waiting.delete(waiting)) return false;
    if (this.#waiting.size === 0) this.hurry();
    return true;
  }
}

function bytesOf({ vectors, facts }: RowBatch): number {
  return facts.reduce((bytes, { metadata }) => bytes + metadataBytes(metadata), vectors.byteLength);
}
