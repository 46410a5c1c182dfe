/** Batches that wait for the writer, written together: one commit for all of them, an answer for each. */
import type { RowBatch, RowFailure } from "../../contracts/index.js";

/**
 * What one commit takes. A table grows by a file with each, and files of so many rows need not be merged later; a commit holds its rows in
 * memory four times.
 */
export const groupLimits = { rows: 4_096, bytes: 16 * 1024 * 1024 } as const;

/** A batch of fewer rows is not kept waiting for others: somebody may wait for it. */
const smallBatchRows = 32;

/** How a batch ended: its failures when the rest of it is durable. */
export type Settled = PromiseSettledResult<readonly RowFailure[]>;

/** One batch of a group, for the one who waits for it. */
export interface Member {
  readonly settled: Promise<readonly RowFailure[]>;
  /** True for the batch that was there first. */
  readonly isFirst: boolean;
  /** Takes the batch out again; false when it is too late for that. */
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

  /** False once it is being written, and for a batch that would make it too large. */
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

  /** It is not to wait for more batches. */
  hurry(): void {
    if (this.#state === "gathering") this.#state = "hurried";
    this.#onHurry();
  }

  /** Waits for more batches, unless told to hurry. Then settles every batch that has not left with what the commit says of it. */
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
