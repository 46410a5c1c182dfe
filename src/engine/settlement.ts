/** The books of a run: every item read is in flight until it is settled, exactly once. */
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
  /** Called with what must end the run. */
  readonly onFatal: (error: HeadraceError) => void;
}

/** The share of failed items says nothing before this many are settled. */
const leastForRatio = 100;
/** Acknowledgements under way before the source has to wait. */
const maxSettling = 1_024;
/** Items read before the register of those in flight is copied into a new one. */
const leastRenewal = 4_096;

export class Settlement {
  readonly #options: SettlementOptions;
  #inFlight = new Map<Key, Ticket>();
  #renewAt = leastRenewal;
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

  /** Takes an item in; undefined when its source refuses it or its id is in flight already, which settles it. Throws `contract_broken`. */
  admit(item: Item<unknown>): Ticket | undefined {
    const { source } = this.#options;
    if (!(item.seq > this.#lastSeq)) {
      throw contractBroken(source.name, `numbered an item ${item.seq} after ${this.#lastSeq}: expected ascending numbers from 0`);
    }
    if (!(item.bytes >= 0 && item.bytes < Number.POSITIVE_INFINITY)) {
      throw contractBroken(source.name, `gave item ${item.seq} a size of ${item.bytes} bytes: expected a number from 0`);
    }
    this.#lastSeq = item.seq;
    this.#counts.read += 1;
    const refused = item.refused ?? refusalBeside(item, this.#inFlight.get(item.id)?.item);
    if (refused !== undefined) {
      this.#refuse(item, refused);
      return undefined;
    }
    const ticket = ticketOf(item);
    this.#inFlight.set(item.id, ticket);
    if (this.#counts.read >= this.#renewAt) this.#renew();
    return ticket;
  }

  stored(ticket: Ticket): void {
    const { seq, id, facts } = this.#release(ticket);
    this.#counts.stored += 1;
    if (ticket.bypassed) this.#counts.reused += 1;
    this.#tell({ kind: "stored", seq, id, facts, reused: ticket.bypassed });
  }

  /** After a hard stop: nothing where it was given up already. */
  storedLate(ticket: Ticket): void {
    if (this.#inFlight.get(ticket.id) === ticket) this.stored(ticket);
  }

  skipped(ticket: Ticket, stage: string, reason: string): void {
    const { seq, id, facts } = this.#release(ticket);
    this.#counts.skipped += 1;
    this.#tell({ kind: "skipped", seq, id, facts, stage, reason });
  }

  failed(ticket: Ticket, stage: string, error: HeadraceError, attempts: number): void {
    this.#fail(this.#release(ticket), stage, error, attempts);
  }

  /** Settles all that is still in flight, in the order in which it was read. */
  abandonAll(): void {
    for (const ticket of this.#inFlight.values()) {
      const { seq, id, facts } = this.#release(ticket);
      this.#counts.abandoned += 1;
      this.#tell({ kind: "abandoned", seq, id, facts });
    }
  }

  /** Undefined when more may be read; else resolves when the source has dealt with what it was told. */
  room(): Promise<void> | undefined {
    if (this.#settling < maxSettling) return undefined;
    return new Promise((resolve) => {
      this.#whenFewer = resolve;
    });
  }

  /** Resolves when no acknowledgement is under way. */
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
    this.#tell({ kind: "skipped", seq, id, facts, stage, reason: refused.reason });
  }

  #fail({ seq, id, facts }: Item<unknown>, stage: string, error: HeadraceError, attempts: number): void {
    this.#counts.failed += 1;
    this.#tell({ kind: "failed", seq, id, facts, stage, error, attempts });
    if (this.#counts.failed > this.#options.maxFailed) {
      this.#giveUp(`${this.#counts.failed} items failed, ${this.#options.maxFailed} are allowed`, error);
    }
  }

  /**
   * V8 links each outgrown table of a map to the next one. Once the first has become old, all that follow survive with it, and the
   * settled items in them: measured, a sixth of all memory then waits for a full collection, and a third of the speed is lost.
   */
  #renew(): void {
    this.#inFlight = new Map(this.#inFlight);
    this.#renewAt = this.#counts.read + Math.max(leastRenewal, 8 * this.#inFlight.size);
  }

  #release(ticket: Ticket): Item<unknown> {
    this.#inFlight.delete(ticket.id);
    if (ticket.admitted) this.#options.gate?.leave(ticket.chargedBytes);
    return ticket.item;
  }

  #tell(outcome: Outcome): void {
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
    if (settled >= leastForRatio && failed > maxFailedRatio * settled) {
      this.#giveUp(`${failed} of ${settled} items failed, a share of ${maxFailedRatio} is allowed`);
    }
  }

  #giveUp(message: string, cause?: HeadraceError): void {
    this.#options.onFatal(new HeadraceError("too_many_failures", message, { cause }));
  }
}

/** The first of two items with one id keeps it; what comes from the same place is the same item again. */
function refusalBeside({ id, facts }: Item<unknown>, first: Item<unknown> | undefined): Refusal | undefined {
  if (first === undefined) return undefined;
  if (first.facts.source === facts.source) return { kind: "skip", reason: "duplicate" };
  const message = `id ${JSON.stringify(String(id))}: expected one source for it, found ${first.facts.source} and ${facts.source}`;
  return { kind: "fail", error: new HeadraceError("id_duplicate", message, { item: facts.source }) };
}
