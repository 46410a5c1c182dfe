/** When the work for a request must end: its client has gone away, the server stops, or its time is over. */
import type { FastifyReply } from "fastify";
import { HeadraceError } from "../../contracts/index.js";
import { listenForAbort, startTimer } from "../../kit/index.js";

export interface RequestEndingOptions {
  /** Fires when the time to drain is over. */
  readonly hard: AbortSignal;
  /** "continue": the work goes on without its client, who may ask again for the answer. */
  readonly onClientGone: "abort" | "continue";
}

export class RequestEnding {
  readonly #controller = new AbortController();
  readonly #disposers: (() => void)[] = [];
  #isLate = false;

  constructor({ raw }: Pick<FastifyReply, "raw">, { hard, onClientGone }: RequestEndingOptions) {
    const onHardStop = (): void => this.#controller.abort(hard.reason);
    listenForAbort(hard, onHardStop);
    this.#disposers.push(() => hard.removeEventListener("abort", onHardStop));
    if (onClientGone === "continue") return;
    const onClose = (): void => {
      if (!raw.writableFinished) this.#controller.abort(new HeadraceError("aborted", "the client closed the connection"));
    };
    raw.once("close", onClose);
    this.#disposers.push(() => raw.off("close", onClose));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when the time of `allow` is over. */
  get isLate(): boolean {
    return this.#isLate;
  }

  /** Ends the work after this time. */
  allow(timeoutMs: number): void {
    const timer = startTimer(() => {
      this.#isLate = true;
      this.#controller.abort(new HeadraceError("aborted", "the time for the request is over"));
    }, timeoutMs);
    this.#disposers.push(() => clearTimeout(timer));
  }

  dispose(): void {
    for (const dispose of this.#disposers) dispose();
  }
}
