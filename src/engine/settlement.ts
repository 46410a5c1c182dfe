/** Accounts for the items of a run. Each item is in flight from the moment it is read until it is settled. It is settled exactly once. */
import {
  type Counts,
  HeadraceError,
  type Item,
  type Key,
  type Observer,
  type Outcome,
  type Refusal,
  type Source,
} from "../contracts/index.js";
import type { ByteGate } from "./byte-gate.js";
import { contractBroken, runError } from "./errors.js";
import { type Ticket, ticketOf } from "./ticket.js";

export interface SettlementOptions {
  readonly source: Source<unknown>;
  readonly gate: ByteGate | undefined;
  readonly maxFailed: number;
  readonly maxFailedRatio: number;
  readonly emit: Observer;
  /** Called with an error that must end the run. */
  readonly onFatal: (error: HeadraceError) => void;
}

/** The share of failed items is checked only after this many items are settled. A share of fewer items says little. */
const minItemsForRatio = 100;
/** Maximum number of acknowledgements that the source has not finished. Reading waits while there are more. */
const maxSettling = 1_024;
/** The map of items in flight is copied into a new map after at least this many reads. */
const minReadsPerRebuild = 4_096;

export class Settlement {
  readonly #options: SettlementOptions;
  #inFlight = new Map<Key, Ticket>();
  #rebuildAt = minReadsPerRebuild;
  readonly #counts = { read: 0, stored: 0, reused: 0, skipped: 0, failed: 0, abandoned: 0 };
  #lastSeq = -1;
  #settling = 0;
  #whenFewer: (() => void) | undefined;
  #whenIdle: (() => void) | undefined;

  constructor(options: SettlementOptions) {
    this.#options = options;
  }

  get counts(): Counts {
    return this.#counts;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /**
   * Registers an item as in flight. Settles the item at once and returns undefined when its source refuses it or when its id is in flight
   * already. Throws `contract_broken`.
   */
  admit(item: Item<unknown>): Ticket | undefined {
    const { source } = this.#options;
    if (!(item.seq > this.#lastSeq)) {
      throw contractBroken(source.name, `seq of an item: expected a number above ${this.#lastSeq}, found ${item.seq}`);
    }
    if (!(item.bytes >= 0 && item.bytes < Number.POSITIVE_INFINITY)) {
      throw contractBroken(source.name, `bytes of item ${item.seq}: expected a number from 0, found ${item.bytes}`);
    }
    this.#lastSeq = item.seq;
    this.#counts.read += 1;
    const refused = item.refused ?? duplicateRefusal(item, this.#inFlight.get(item.id)?.item);
    if (refused !== undefined) {
      this.#refuse(item, refused);
      return undefined;
    }
    const ticket = ticketOf(item);
    this.#inFlight.set(item.id, ticket);
    if (this.#counts.read >= this.#rebuildAt) this.#rebuildMap();
    return ticket;
  }

  stored(ticket: Ticket): void {
    const { seq, id, facts } = this.#release(ticket);
    this.#counts.stored += 1;
    if (ticket.bypassed) this.#counts.reused += 1;
    this.#report({ kind: "stored", seq, id, facts, reused: ticket.bypassed });
  }

  /** Counts a row that the sink stored after a hard stop. Does nothing when the item was already settled as abandoned. */
  storedLate(ticket: Ticket): void {
    if (this.#inFlight.get(ticket.id) === ticket) this.stored(ticket);
  }

  skipped(ticket: Ticket, stage: string, reason: string): void {
    const { seq, id, facts } = this.#release(ticket);
    this.#counts.skipped += 1;
    this.#report({ kind: "skipped", seq, id, facts, stage, reason });
  }

  failed(ticket: Ticket, stage: string, error: HeadraceError, attempts: number): void {
    this.#fail(this.#release(ticket), stage, error, attempts);
  }

  /** Settles all items that are still in flight as abandoned, in the order in which they were read. */
  abandonAll(): void {
    for (const ticket of this.#inFlight.values()) {
      const { seq, id, facts } = this.#release(ticket);
      this.#counts.abandoned += 1;
      this.#report({ kind: "abandoned", seq, id, facts });
    }
  }

  /** Returns undefined when reading may continue. Otherwise resolves when fewer acknowledgements are pending. */
  waitForRoom(): Promise<void> | undefined {
    if (this.#settling < maxSettling) return undefined;
    return new Promise((resolve) => {
      this.#whenFewer = resolve;
    });
  }

  /** Resolves when no acknowledgement is pending. */
  idle(): Promise<void> {
    if (this.#settling === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  #refuse(item: Item<unknown>, refused: Refusal): void {
    const stage = this.#options.source.name;
    if (refused.kind === "fail") {
      this.#fail(item, stage, refused.error, 1);
      return;
    }
    const { seq, id, facts } = item;
    this.#counts.skipped += 1;
    this.#report({ kind: "skipped", seq, id, facts, stage, reason: refused.reason });
  }

  #fail({ seq, id, facts }: Item<unknown>, stage: string, error: HeadraceError, attempts: number): void {
    this.#counts.failed += 1;
    this.#report({ kind: "failed", seq, id, facts, stage, error, attempts });
    if (this.#counts.failed > this.#options.maxFailed) {
      this.#giveUp(`failed items: expected at most ${this.#options.maxFailed}, found ${this.#counts.failed}`, error);
    }
  }

  /**
   * A `Map` that grows gets a new hash table, and V8 links the old table to the new one. Once the first table is in the old generation, it
   * keeps all later tables alive, and with them the settled items. Measured: without the copy, one sixth of the memory was freed only by a
   * full garbage collection, and the run was a third slower.
   */
  #rebuildMap(): void {
    this.#inFlight = new Map(this.#inFlight);
    this.#rebuildAt = this.#counts.read + Math.max(minReadsPerRebuild, 8 * this.#inFlight.size);
  }

  #release(ticket: Ticket): Item<unknown> {
    this.#inFlight.delete(ticket.id);
    if (ticket.admitted) this.#options.gate?.leave(ticket.chargedBytes);
    return ticket.item;
  }

  #report(outcome: Outcome): void {
    const { emit, source, onFatal } = this.#options;
    emit({ kind: "item-settled", outcome });
    try {
      const settling = source.settle?.(outcome);
      if (settling instanceof Object && "then" in settling) {
        this.#settling += 1;
        settling.then(this.#onSettled, this.#onSettleFailed);
      }
    } catch (thrown) {
      onFatal(this.#settleError(thrown));
    }
    this.#checkRatio();
  }

  readonly #onSettled = (): void => {
    this.#settling -= 1;
    if (this.#settling === 0) this.#whenIdle?.();
    if (this.#settling > maxSettling / 2 || this.#whenFewer === undefined) return;
    this.#whenFewer();
    this.#whenFewer = undefined;
  };

  readonly #onSettleFailed = (thrown: unknown): void => {
    this.#options.onFatal(this.#settleError(thrown));
    this.#onSettled();
  };

  #settleError(thrown: unknown): HeadraceError {
    return runError(thrown, "unexpected", `source "${this.#options.source.name}" failed to settle an item`);
  }

  #checkRatio(): void {
    const { maxFailedRatio } = this.#options;
    const { stored, skipped, failed } = this.#counts;
    const settled = stored + skipped + failed;
    if (settled >= minItemsForRatio && failed > maxFailedRatio * settled) {
      this.#giveUp(`failed items: expected at most a share of ${maxFailedRatio}, found ${failed} of ${settled}`);
    }
  }

  #giveUp(message: string, cause?: HeadraceError): void {
    this.#options.onFatal(new HeadraceError("too_many_failures", message, { cause }));
  }
}

/**
 * When two items have the same id, the first one is processed. The second is skipped as a duplicate if both have the same source; otherwise
 * it fails.
 */
function duplicateRefusal({ id, facts }: Item<unknown>, first: Item<unknown> | undefined): Refusal | undefined {
  if (first === undefined) return undefined;
  if (first.facts.source === facts.source) return { kind: "skip", reason: "duplicate" };
  const message = `id ${JSON.stringify(String(id))}: expected one source, found ${first.facts.source} and ${facts.source}`;
  return { kind: "fail", error: new HeadraceError("id_duplicate", message, { item: facts.source }) };
}
