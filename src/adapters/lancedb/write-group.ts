/** A group of batches that wait for the writer: one commit for all of them, and a result per batch. */
import type { RowBatch, RowFailure } from "../../contracts/index.js";

/**
 * Limits of one commit. Each commit adds a fragment, and fragments of this many rows need no compaction. A commit holds its rows in
 * memory four times.
 */
export const groupLimits = { rows: 4_096, bytes: 16 * 1024 * 1024 } as const;

/** A batch of fewer rows does not wait for other batches, because its caller may be waiting for the result. */
const smallBatchRows = 32;

/** The result of a batch. When fulfilled, it lists the failed rows, and the other rows are durable. */
export type Settled = PromiseSettledResult<readonly RowFailure[]>;

/** One batch of a group, as its caller sees it. */
export interface Member {
  readonly settled: Promise<readonly RowFailure[]>;
  /** True for the first batch of the group. */
  readonly isFirst: boolean;
  /** Removes the batch from the group. Returns false when it is too late. */
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

  /** False when the group is being written, or when the batch would exceed its limits. */
  hasRoomFor({ ids, vectors }: RowBatch): boolean {
    if (this.#state === "closed") return false;
    return this.#rows + ids.length <= groupLimits.rows && this.#bytes + vectors.byteLength <= groupLimits.bytes;
  }

  add(batch: RowBatch): Member {
    const isFirst = this.#waiting.size === 0;
    let added: Waiting | undefined;
    const settled = new Promise<readonly RowFailure[]>((resolve, reject) => {
      added = { batch, resolve, reject };
      this.#waiting.add(added);
    });
    this.#rows += batch.ids.length;
    this.#bytes += batch.vectors.byteLength;
    if (batch.ids.length < smallBatchRows || this.#rows >= groupLimits.rows) this.hurry();
    return { settled, isFirst, leave: () => this.#leave(added!) };
  }

  /** Ends the wait for more batches. */
  hurry(): void {
    if (this.#state === "gathering") this.#state = "hurried";
    this.#onHurry();
  }

  /** Waits for more batches until `hurry` is called. Then commits the remaining batches and settles each with its result. */
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
