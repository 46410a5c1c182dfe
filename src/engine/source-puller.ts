/** Pulls items from the source, one at a time, while the pipeline has room for them. */
import type { HeadraceError, Item, Source } from "../contracts/index.js";
import { startTimer } from "../kit/index.js";
import { runError } from "./errors.js";
import type { Halt } from "./halt.js";
import type { Settlement } from "./settlement.js";
import type { Ticket } from "./ticket.js";

export interface SourcePullerOptions {
  readonly source: Source<unknown>;
  readonly settlement: Settlement;
  readonly halt: Halt;
  /** How long a source may take to end after a stop. */
  readonly graceMs: number;
  /** Called with an error that must end the run at once. */
  readonly onFatal: (error: HeadraceError) => void;
  /** Called when the source failed. The run may still finish the items that were read before. */
  readonly onSourceFailed: (error: HeadraceError) => void;
  readonly notice: (message: string) => void;
}

/** Passes an item to the schedule. Returns undefined when the schedule has room for more items; otherwise resolves when it has room. */
export type Deliver = (ticket: Ticket, now: number) => Promise<unknown> | undefined;

/** A source whose items are always ready would block timers and signals. So the puller yields to the event loop after this time. */
const yieldAfterMs = 50;

export class SourcePuller {
  readonly #options: SourcePullerOptions;
  readonly #stop = new AbortController();
  #iterator: AsyncIterator<Item<unknown>> | undefined;
  #pending: Promise<IteratorResult<Item<unknown>>> | undefined;
  #closingIterator: PromiseLike<unknown> | undefined;
  #deliver: Deliver = () => undefined;
  #state: "reading" | "stopping" | "ended" = "reading";
  #exhausted = false;
  #resolve: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #yieldAt = 0;

  constructor(options: SourcePullerOptions) {
    this.#options = options;
  }

  /** True when the source ended without being stopped. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** Reads the source and passes all items to `deliver`. Resolves when no more items will come. */
  read(deliver: Deliver): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#deliver = deliver;
      if (this.#state !== "reading") {
        this.#end();
        return;
      }
      this.#yieldAt = performance.now() + yieldAfterMs;
      try {
        this.#iterator = this.#options.source.read(this.#stop.signal)[Symbol.asyncIterator]();
      } catch (thrown) {
        this.#onError(thrown);
        return;
      }
      this.#pull();
    });
  }

  /** Pulls no more items. An item that was already requested is still processed, unless the source takes longer than `graceMs`. */
  stop(): void {
    if (this.#state !== "reading") return;
    this.#state = "stopping";
    this.#stop.abort();
    this.#closeIterator();
    if (this.#pending === undefined) return;
    this.#timer = startTimer(() => {
      this.#options.notice(
        `source "${this.#options.source.name}" did not end within ${this.#options.graceMs} ms of the stop: the run no longer waits for it`,
      );
      this.#closingIterator = undefined;
      this.#end();
    }, this.#options.graceMs);
  }

  /** Stops reading at once. Items that the source still delivers are dropped. */
  halt(): void {
    if (this.#state === "ended") return;
    this.#state = "stopping";
    this.#stop.abort(this.#options.halt.reason);
    this.#closeIterator();
    if (this.#pending !== undefined) this.#options.halt.watch(this.#pending, this.#label);
    this.#end();
  }

  get #label(): string {
    return `source "${this.#options.source.name}"`;
  }

  readonly #pull = (): void => {
    if (this.#state !== "reading" || this.#iterator === undefined) {
      this.#end();
      return;
    }
    try {
      this.#pending = Promise.resolve(this.#iterator.next());
      this.#pending.then(this.#onNext, this.#onError);
    } catch (thrown) {
      this.#onError(thrown);
    }
  };

  readonly #onNext = (next: IteratorResult<Item<unknown>>): void => {
    this.#pending = undefined;
    if (this.#state === "ended") return;
    if (next.done === true) {
      this.#exhausted = this.#state === "reading";
      this.#end();
      return;
    }
    try {
      const now = performance.now();
      const ticket = this.#options.settlement.admit(next.value);
      const room = (ticket && this.#deliver(ticket, now)) ?? this.#options.settlement.waitForRoom();
      if (room !== undefined) room.then(this.#pull, this.#onDeliveryFailed);
      else if (now >= this.#yieldAt) this.#pullLater();
      else this.#pull();
    } catch (thrown) {
      this.#onDeliveryFailed(thrown);
    }
  };

  readonly #onError = (thrown: unknown): void => {
    this.#pending = undefined;
    this.#closingIterator = undefined;
    this.#iterator = undefined;
    if (this.#state === "ended") return;
    const { source, onSourceFailed } = this.#options;
    // After a stop, many sources end by throwing the reason of the signal. That is not a failure.
    if (this.#state === "reading") onSourceFailed(runError(thrown, "source_failed", `source "${source.name}" failed`));
    this.#end();
  };

  readonly #onDeliveryFailed = (thrown: unknown): void => {
    this.#options.onFatal(runError(thrown, "unexpected", `reading source "${this.#options.source.name}" failed`));
    this.#end();
  };

  #pullLater(): void {
    this.#timer = startTimer(() => {
      this.#yieldAt = performance.now() + yieldAfterMs;
      this.#pull();
    }, 0);
  }

  /** Asks the source's iterator to end, without waiting for it. */
  #closeIterator(): void {
    const iterator = this.#iterator;
    if (iterator?.return === undefined || this.#closingIterator !== undefined) return;
    try {
      this.#closingIterator = Promise.resolve(iterator.return());
      this.#closingIterator.then(undefined, this.#onCloseFailed);
    } catch (thrown) {
      this.#onCloseFailed(thrown);
    }
  }

  readonly #onCloseFailed = (thrown: unknown): void => {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    this.#options.notice(`${this.#label} failed while it was being stopped: ${message}`);
  };

  #end(): void {
    if (this.#state === "ended" && this.#resolve === undefined) return;
    this.#state = "ended";
    clearTimeout(this.#timer);
    if (this.#closingIterator !== undefined) this.#options.halt.watch(this.#closingIterator, this.#label);
    this.#closingIterator = undefined;
    this.#resolve?.();
    this.#resolve = undefined;
  }
}
