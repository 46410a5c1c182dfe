/** One worker thread of a WorkerPool. */
import { type ResourceLimits, Worker } from "node:worker_threads";
import { HeadraceError } from "../../contracts/index.js";
import type { FromWorker, ToWorker } from "./worker-protocol.js";

export interface PendingCall<Request, Answer> {
  readonly request: Request;
  readonly buffer: ArrayBuffer | null;
  /** Buffers in the request that are transferred instead of copied. They do not come back. */
  readonly transfer: readonly ArrayBuffer[];
  /** The worker thread calls either `resolve` or `reject`, exactly once. */
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: HeadraceError) => void;
}

/** `why` is the reason as text, and `cause` is the error that ended the thread, if there was one. */
export type WorkerDeath = (why: string, cause: unknown) => HeadraceError;

export interface WorkerThreadOptions<Ready> {
  readonly name: string;
  readonly url: URL;
  readonly settings: unknown;
  readonly resourceLimits?: ResourceLimits;
  readonly callsPerWorker: number;
  /** Makes the error of the calls that run in a thread that dies. */
  readonly death: WorkerDeath;
  readonly giveBack: (buffer: ArrayBuffer) => void;
  readonly onReady: (ready: Ready) => void;
  /** The worker failed to open. `onExit` is called afterwards. */
  readonly onRefused: (error: HeadraceError) => void;
  readonly onAnswer: () => void;
  readonly onFree: () => void;
  /** The thread has ended, for any reason. `error` describes the reason. */
  readonly onExit: (error: HeadraceError) => void;
}

export class WorkerThread<Ready, Request, Answer> {
  readonly #options: WorkerThreadOptions<Ready>;
  readonly #worker: Worker;
  readonly #calls = new Map<number, PendingCall<Request, Answer>>();
  #state: "opening" | "open" | "ended" = "opening";
  #sent = 0;
  #cause: unknown;

  constructor(options: WorkerThreadOptions<Ready>) {
    this.#options = options;
    // The worker must not inherit Node's flags from the main program. With some flags, such as --input-type, the worker cannot start.
    const { url, name, settings, resourceLimits = {} } = options;
    this.#worker = new Worker(url, { workerData: settings, name, execArgv: [], resourceLimits });
    this.#worker.on("message", (message: FromWorker<Ready, Answer>) => this.#receive(message));
    this.#worker.on("error", (error) => {
      this.#cause = error;
    });
    this.#worker.once("exit", (code) => this.#exit(code));
  }

  get isFree(): boolean {
    return this.#state === "open" && this.#calls.size < this.#options.callsPerWorker;
  }

  /** The number of running calls. */
  get load(): number {
    return this.#calls.size;
  }

  /** Starts a call. The thread must be free. */
  run(pending: PendingCall<Request, Answer>): void {
    const { request, buffer, transfer } = pending;
    const call = this.#sent++;
    this.#calls.set(call, pending);
    this.#post({ kind: "call", call, request, buffer }, buffer === null ? transfer : [buffer, ...transfer]);
  }

  /** Waits for the running calls, then ends the thread. Terminates the thread if it has not ended after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#state === "ended") return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#worker.terminate().then(() => resolve(), resolve), timeoutMs);
      this.#worker.once("exit", () => {
        clearTimeout(timer);
        resolve();
      });
      this.#post({ kind: "close" }, []);
    });
  }

  /** Ends the thread at once. `onExit` is called afterwards. */
  end(): void {
    void this.#worker.terminate();
  }

  #post(message: ToWorker<Request>, transfer: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  #receive(message: FromWorker<Ready, Answer>): void {
    switch (message.kind) {
      case "ready":
        this.#state = "open";
        this.#options.onReady(message.ready);
        break;
      case "refused":
        this.#state = "ended";
        this.#options.onRefused(HeadraceError.fromRecord(message.error));
        return;
      case "answer":
        this.#finish(message, (call) => call.resolve(message.answer));
        this.#options.onAnswer();
        break;
      case "failure":
        this.#finish(message, (call) => call.reject(HeadraceError.fromRecord(message.error)));
        this.#options.onAnswer();
        break;
      default:
        message satisfies never;
    }
    this.#options.onFree();
  }

  #finish(
    { call, buffer }: { readonly call: number; readonly buffer: ArrayBuffer | null },
    settle: (pending: PendingCall<Request, Answer>) => void,
  ): void {
    const pending = this.#calls.get(call);
    this.#calls.delete(call);
    if (buffer !== null) this.#options.giveBack(buffer);
    if (pending !== undefined) settle(pending);
  }

  #exit(exitCode: number): void {
    this.#state = "ended";
    const why = this.#cause instanceof Error ? this.#cause.message : `exit code ${exitCode}`;
    const error = this.#options.death(why, this.#cause);
    for (const pending of this.#calls.values()) pending.reject(error);
    this.#calls.clear();
    this.#options.onExit(error);
  }
}
