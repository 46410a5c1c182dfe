/** Worker threads that answer calls, supervised: one that dies fails its own call and is replaced. */
import { HeadraceError } from "../contracts/index.js";
import { abortedError, checkAborted, listenForAbort } from "./signals.js";
import { type PendingCall, WorkerThread } from "./worker-thread.js";

export interface WorkerPoolOptions {
  /** Names the pool in errors. */
  readonly name: string;
  /** The worker's main module, which calls `serveWorker`. */
  readonly url: URL;
  /** Given to each worker's `open`; cloneable. */
  readonly settings: unknown;
  /** Workers; each answers one call at a time, further calls wait in order. */
  readonly size: number;
  /** Takes back the buffer of a call, also long after it was aborted. Not called for a buffer that died with its worker. */
  readonly giveBack: (buffer: ArrayBuffer) => void;
  /** Deaths in a row, without an answer between them, after which the pool gives up. Default 3. */
  readonly maxDeaths?: number;
  /** How long a worker may take to end by itself, in milliseconds. Default 5,000. */
  readonly closeTimeoutMs?: number;
}

export class WorkerPool<Ready, Request, Answer> {
  readonly #options: WorkerPoolOptions;
  readonly #threads = new Set<WorkerThread<Ready, Request, Answer>>();
  readonly #queue: PendingCall<Request, Answer>[] = [];
  #isOpen = false;
  #deaths = 0;
  /** Why the last replacement could not be opened. */
  #refusal: HeadraceError | null = null;
  /** Why no call is taken any more; null while calls are. */
  #ended: HeadraceError | null = null;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Starts all workers; what the first one told. Throws what kept one from opening; then none is left behind. */
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

  /** Hands the buffer to a worker; after an abort nobody waits, and a late answer is dropped. */
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

  /** Lets running calls finish, refuses waiting ones, ends the workers. Harmless when repeated. */
  async close(): Promise<void> {
    this.#end(new HeadraceError("aborted", `${this.#options.name}: it was closed`));
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
    const message = `${this.#options.name}: its worker threads died ${this.#deaths} times in a row, the last one of: ${cause.message}`;
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
