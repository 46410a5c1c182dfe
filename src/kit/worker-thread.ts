/** One worker thread of a WorkerPool. */
import { Worker } from "node:worker_threads";
import { HeadraceError } from "../contracts/index.js";
import type { FromWorker, ToWorker } from "./worker-protocol.js";

export interface PendingCall<Request, Answer> {
  readonly request: Request;
  readonly buffer: ArrayBuffer;
  /** The worker thread calls either `resolve` or `reject`, exactly once. */
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: HeadraceError) => void;
}

export interface WorkerThreadOptions<Ready> {
  readonly name: string;
  readonly url: URL;
  readonly settings: unknown;
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
  #state: "opening" | "free" | "busy" | "ended" = "opening";
  #call: PendingCall<Request, Answer> | null = null;
  #cause: unknown;

  constructor(options: WorkerThreadOptions<Ready>) {
    this.#options = options;
    // The worker must not inherit Node's flags from the main program. With some flags, such as --input-type, the worker cannot start.
    this.#worker = new Worker(options.url, { workerData: options.settings, name: options.name, execArgv: [] });
    this.#worker.on("message", (message: FromWorker<Ready, Answer>) => this.#receive(message));
    this.#worker.on("error", (error) => {
      this.#cause = error;
    });
    this.#worker.once("exit", (code) => this.#exit(code));
  }

  get isFree(): boolean {
    return this.#state === "free";
  }

  /** Starts a call. The thread must be free. */
  run(call: PendingCall<Request, Answer>): void {
    this.#state = "busy";
    this.#call = call;
    this.#post({ kind: "call", request: call.request, buffer: call.buffer }, [call.buffer]);
  }

  /** Waits for the running call, then ends the thread. Terminates the thread if it has not ended after `timeoutMs`. */
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

  #post(message: ToWorker<Request>, transfer: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  #receive(message: FromWorker<Ready, Answer>): void {
    switch (message.kind) {
      case "ready":
        this.#state = "free";
        this.#options.onReady(message.ready);
        break;
      case "refused":
        this.#state = "ended";
        this.#options.onRefused(HeadraceError.fromRecord(message.error));
        return;
      case "answer":
        this.#finish(message.buffer, (call) => call.resolve(message.answer));
        this.#options.onAnswer();
        break;
      case "failure":
        this.#finish(message.buffer, (call) => call.reject(HeadraceError.fromRecord(message.error)));
        this.#options.onAnswer();
        break;
      default:
        message satisfies never;
    }
    this.#options.onFree();
  }

  #finish(buffer: ArrayBuffer, settle: (call: PendingCall<Request, Answer>) => void): void {
    const call = this.#call;
    this.#call = null;
    this.#state = "free";
    this.#options.giveBack(buffer);
    if (call !== null) settle(call);
  }

  #exit(exitCode: number): void {
    const call = this.#call;
    this.#state = "ended";
    this.#call = null;
    const why = this.#cause instanceof Error ? this.#cause.message : `exit code ${exitCode}`;
    const error = new HeadraceError("inference_failed", `${this.#options.name}: expected an answer, but the worker thread died: ${why}`, {
      cause: this.#cause,
    });
    call?.reject(error);
    this.#options.onExit(error);
  }
}
