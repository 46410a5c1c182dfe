/** Pulls items out of the source, one at a time, as long as there is room for them. */
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
  /** Called with what must end the run at once. */
  readonly onFatal: (error: HeadraceError) => void;
  /** Called when the source failed: what was read may still be finished. */
  readonly onSourceFailed: (error: HeadraceError) => void;
  readonly notice: (message: string) => void;
}

/** Hands an item on; undefined when there is room for more, else resolves when there is. */
export type Deliver = (ticket: Ticket, now: number) => Promise<unknown> | undefined;

/** A flow without any real waiting would keep timers and signals from running; so now and then it is left. */
const politeAfterMs = 50;

export class SourcePuller {
  readonly #options: SourcePullerOptions;
  readonly #stop = new AbortController();
  #iterator: AsyncIterator<Item<unknown>> | undefined;
  #pending: Promise<IteratorResult<Item<unknown>>> | undefined;
  #leaving: PromiseLike<unknown> | undefined;
  #deliver: Deliver = () => undefined;
  #state: "reading" | "stopping" | "ended" = "reading";
  #exhausted = false;
  #resolve: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #politeAt = 0;

  constructor(options: SourcePullerOptions) {
    this.#options = options;
  }

  /** Whether the source ended by itself: a stop cut nothing off. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** Resolves when nothing more will be delivered. */
  read(deliver: Deliver): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#deliver = deliver;
      if (this.#state !== "reading") {
        this.#end();
        return;
      }
      this.#politeAt = performance.now() + politeAfterMs;
      try {
        this.#iterator = this.#options.source.read(this.#stop.signal)[Symbol.asyncIterator]();
      } catch (thrown) {
        this.#onError(thrown);
        return;
      }
      this.#pull();
    });
  }

  /** Pulls no more. An item that was asked for already still counts, unless the source takes too long. */
  stop(): void {
    if (this.#state !== "reading") return;
    this.#state = "stopping";
    this.#stop.abort();
    this.#leave();
    if (this.#pending === undefined) return;
    this.#timer = startTimer(() => {
      this.#options.notice(
        `source "${this.#options.source.name}" did not end within ${this.#options.graceMs} ms: it is waited for no longer`,
      );
      this.#leaving = undefined;
      this.#end();
    }, this.#options.graceMs);
  }

  /** Ends at once: what the source still says is dropped. */
  halt(): void {
    if (this.#state === "ended") return;
    this.#state = "stopping";
    this.#stop.abort(this.#options.halt.reason);
    this.#leave();
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
      const room = (ticket && this.#deliver(ticket, now)) ?? this.#options.settlement.room();
      if (room !== undefined) room.then(this.#pull, this.#onBroken);
      else if (now >= this.#politeAt) this.#pullLater();
      else this.#pull();
    } catch (thrown) {
      this.#onBroken(thrown);
    }
  };

  readonly #onError = (thrown: unknown): void => {
    this.#pending = undefined;
    this.#leaving = undefined;
    this.#iterator = undefined;
    if (this.#state === "ended") return;
    const { source, onSourceFailed } = this.#options;
    // After a stop many sources end by throwing the signal's reason; nothing was lost by it.
    if (this.#state === "reading") onSourceFailed(runError(thrown, "source_failed", `source "${source.name}" failed`));
    this.#end();
  };

  readonly #onBroken = (thrown: unknown): void => {
    this.#options.onFatal(runError(thrown, "unexpected", `reading source "${this.#options.source.name}" failed`));
    this.#end();
  };

  #pullLater(): void {
    this.#timer = startTimer(() => {
      this.#politeAt = performance.now() + politeAfterMs;
      this.#pull();
    }, 0);
  }

  /** Tells the iterator to end, without waiting for it. */
  #leave(): void {
    const iterator = this.#iterator;
    if (iterator?.return === undefined || this.#leaving !== undefined) return;
    try {
      this.#leaving = Promise.resolve(iterator.return());
      this.#leaving.then(undefined, this.#onLeaveFailed);
    } catch (thrown) {
      this.#onLeaveFailed(thrown);
    }
  }

  readonly #onLeaveFailed = (thrown: unknown): void => {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    this.#options.notice(`${this.#label} failed while it was being stopped: ${message}`);
  };

  #end(): void {
    if (this.#state === "ended" && this.#resolve === undefined) return;
    this.#state = "ended";
    clearTimeout(this.#timer);
    if (this.#leaving !== undefined) this.#options.halt.watch(this.#leaving, this.#label);
    this.#leaving = undefined;
    this.#resolve?.();
    this.#resolve = undefined;
  }
}
