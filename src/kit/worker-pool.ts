/** A pool of worker threads. If a worker dies, its call fails and a new worker replaces it. */
import { HeadraceError } from "../contracts/index.js";
import { abortedError, checkAborted, listenForAbort } from "./signals.js";
import { type PendingCall, WorkerThread } from "./worker-thread.js";

export interface WorkerPoolOptions {
  /** Names the pool in errors. */
  readonly name: string;
  /** The worker's main module. It calls `serveWorker`. */
  readonly url: URL;
  /** Passed to `open` in each worker. Must be cloneable. */
  readonly settings: unknown;
  /** Number of workers. Each runs one call at a time; further calls wait in order. */
  readonly size: number;
  /** Receives the buffer of each call, possibly long after the call was aborted. Not called for a buffer that died with its worker. */
  readonly giveBack: (buffer: ArrayBuffer) => void;
  /** The pool gives up after this many deaths without an answer in between. Default 3. */
  readonly maxDeaths?: number;
  /** How long `close` waits for a worker to end by itself before it terminates the worker. Default 5,000. */
  readonly closeTimeoutMs?: number;
}

export class WorkerPool<Ready, Request, Answer> {
  readonly #options: WorkerPoolOptions;
  readonly #threads = new Set<WorkerThread<Ready, Request, Answer>>();
  readonly #queue: PendingCall<Request, Answer>[] = [];
  #isOpen = false;
  #deaths = 0;
  /** Why the last replacement failed to open. */
  #refusal: HeadraceError | null = null;
  /** Why the pool refuses calls. Null: it accepts them. */
  #ended: HeadraceError | null = null;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Starts all workers and returns the `ready` value of one. If a worker fails to open, all are closed and its error is thrown. */
  async open(signal: AbortSignal): Promise<Ready> {
    try {
      return await new Promise<Ready>((resolve, reject) => {
        checkAborted(signal, this.#options.name);
        const onAbort = () => fail(abortedError(signal, this.#options.name));
        const fail = (error: HeadraceError) => {
          signal.removeEventListener("abort", onAbort);
          reject(error);
        };
        listenForAbort(signal, onAbort);
        let missing = this.#options.size;
        const arrive = (ready: Ready) => {
          missing -= 1;
          if (missing > 0) return;
          signal.removeEventListener("abort", onAbort);
          this.#isOpen = true;
          resolve(ready);
        };
        for (let count = 0; count < this.#options.size; count += 1) this.#start(arrive, fail);
      });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Transfers the buffer to a worker. After an abort the call rejects at once, and a late answer is dropped. */
  call(request: Request, buffer: ArrayBuffer, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const refusal = signal.aborted ? abortedError(signal, this.#options.name) : this.#ended;
      if (refusal !== null) {
        this.#options.giveBack(buffer);
        reject(refusal);
        return;
      }
      const onAbort = () => {
        const position = this.#queue.indexOf(call);
        if (position >= 0) {
          this.#queue.splice(position, 1);
          this.#options.giveBack(buffer);
        }
        reject(abortedError(signal, this.#options.name));
      };
      const call: PendingCall<Request, Answer> = {
        request,
        buffer,
        resolve: (answer) => {
          signal.removeEventListener("abort", onAbort);
          resolve(answer);
        },
        reject: (error) => {
          signal.removeEventListener("abort", onAbort);
          reject(error);
        },
      };
      listenForAbort(signal, onAbort);
      this.#queue.push(call);
      this.#dispatch();
    });
  }

  /** Lets running calls finish, refuses waiting calls, ends the workers. May be called again. */
  async close(): Promise<void> {
    this.#end(new HeadraceError("aborted", `${this.#options.name}: the worker pool was closed`));
    await Promise.all([...this.#threads].map((thread) => thread.close(this.#options.closeTimeoutMs ?? 5000)));
  }

  #start(onReady: (ready: Ready) => void, onRefused: (error: HeadraceError) => void): void {
    const thread: WorkerThread<Ready, Request, Answer> = new WorkerThread({
      ...this.#options,
      onReady,
      onRefused,
      onAnswer: () => {
        this.#deaths = 0;
      },
      onFree: () => this.#dispatch(),
      onExit: (error) => {
        this.#threads.delete(thread);
        if (this.#isOpen) this.#replace(error);
        else onRefused(error);
      },
    });
    this.#threads.add(thread);
  }

  #replace(death: HeadraceError): void {
    if (this.#ended !== null) return;
    this.#deaths += 1;
    if (this.#deaths < (this.#options.maxDeaths ?? 3)) {
      this.#start(
        () => undefined,
        (refusal) => {
          this.#refusal = refusal;
        },
      );
      return;
    }
    const cause = this.#refusal ?? death;
    const message = `${this.#options.name}: worker threads died ${this.#deaths} times in a row; last reason: ${cause.message}`;
    this.#end(new HeadraceError("inference_failed", message, { scope: "run", retryable: false, cause }));
  }

  #dispatch(): void {
    for (const thread of this.#threads) {
      if (!thread.isFree) continue;
      const call = this.#queue.shift();
      if (call === undefined) return;
      thread.run(call);
    }
  }

  #end(reason: HeadraceError): void {
    this.#ended ??= reason;
    for (const call of this.#queue.splice(0)) {
      this.#options.giveBack(call.buffer);
      call.reject(this.#ended);
    }
  }
}
