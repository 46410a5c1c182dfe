/** A pool of worker threads. If a worker dies, its running calls fail, and a new worker replaces the dead one. */
import type { ResourceLimits } from "node:worker_threads";
import { HeadraceError } from "../../contracts/index.js";
import { AbortListeners } from "../waiting/abort-listeners.js";
import { unlessAborted } from "../waiting/deadline.js";
import { abortedError, checkAborted } from "../waiting/signals.js";
import { type PendingCall, type WorkerDeath, WorkerThread } from "./worker-thread.js";

export interface WorkerPoolOptions {
  /** The name of the pool in error messages. */
  readonly name: string;
  /** The main module of each worker. This module must call `serveWorker`. */
  readonly url: URL;
  /** Passed to the `open` function of `serveWorker` in each worker. Must be a value that `structuredClone` accepts. */
  readonly settings: unknown;
  /** Number of workers. If all workers are busy, further calls wait in order. */
  readonly size: number;
  /** The pool opens if at least this many workers have started. Default: all. */
  readonly minSize?: number;
  /** Number of calls that one worker runs at the same time. Default 1. */
  readonly callsPerWorker?: number;
  /** Limits of the JavaScript memory of each worker. Default: those of Node. */
  readonly resourceLimits?: ResourceLimits;
  /** Makes the error of the calls that run in a worker that dies. Default: `inference_failed`. */
  readonly death?: WorkerDeath;
  /**
   * Receives the buffer of each call when the pool no longer needs the buffer. After an aborted call this can take long, because the worker
   * may still use the buffer. Not called if the worker died during the call: the buffer is then lost.
   */
  readonly giveBack: (buffer: ArrayBuffer) => void;
  /** If this many workers die and no call is answered in between, the pool fails and accepts no more calls. Default 3. */
  readonly maxDeaths?: number;
  /** `close` terminates a worker that has not ended by itself after this time. Default 5,000. */
  readonly closeTimeoutMs?: number;
}

export class WorkerPool<Ready, Request, Answer> {
  readonly #options: WorkerPoolOptions;
  readonly #threads = new Set<WorkerThread<Ready, Request, Answer>>();
  readonly #queue: PendingCall<Request, Answer>[] = [];
  readonly #aborts = new AbortListeners();
  #isOpen = false;
  #deaths = 0;
  /** The error of the last replacement worker that failed to open. */
  #refusal: HeadraceError | null = null;
  /** The error for new calls, because the pool has failed or is closed. Null: the pool accepts calls. */
  #ended: HeadraceError | null = null;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /**
   * Starts all workers and returns the `ready` value of one worker. If fewer than `minSize` workers start, closes all workers and throws the
   * error of a worker that did not start.
   */
  async open(signal: AbortSignal): Promise<Ready> {
    try {
      checkAborted(signal, this.#options.name);
      const ready = await unlessAborted(this.#startAll(), signal, this.#options.name);
      this.#isOpen = true;
      return ready;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** The number of workers, without those that could not start. */
  get size(): number {
    return this.#threads.size;
  }

  /** Why a worker could not start. Null: all workers have started. */
  get refusal(): HeadraceError | null {
    return this.#refusal;
  }

  /**
   * Sends the request and the buffer to the worker with the fewest calls. `transfer` lists more buffers that the request contains. If the
   * signal fires, `call` rejects at once, and a later answer is ignored.
   */
  call(request: Request, buffer: ArrayBuffer | null, signal: AbortSignal, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const refusal = signal.aborted ? abortedError(signal, this.#options.name) : this.#ended;
      if (refusal !== null) {
        this.#giveBack(buffer);
        reject(refusal);
        return;
      }
      const onAbort = () => {
        const position = this.#queue.indexOf(call);
        if (position >= 0) {
          this.#queue.splice(position, 1);
          this.#giveBack(buffer);
        }
        call.reject(abortedError(signal, this.#options.name));
      };
      const call: PendingCall<Request, Answer> = {
        request,
        buffer,
        transfer,
        resolve: (answer) => {
          this.#aborts.remove(signal, onAbort);
          resolve(answer);
        },
        reject: (error) => {
          this.#aborts.remove(signal, onAbort);
          reject(error);
        },
      };
      this.#aborts.add(signal, onAbort);
      this.#queue.push(call);
      this.#dispatch();
    });
  }

  /** Rejects waiting calls, waits for running calls, and ends the workers. Further calls of `close` are allowed. */
  async close(): Promise<void> {
    this.#end(new HeadraceError("aborted", `${this.#options.name}: the worker pool was closed`));
    await Promise.all([...this.#threads].map((thread) => thread.close(this.#options.closeTimeoutMs ?? 5000)));
  }

  async #startAll(): Promise<Ready> {
    const { size, minSize = size } = this.#options;
    const answers: Ready[] = [];
    await new Promise<void>((resolve, reject) => {
      let missing = 0;
      const miss = (error: HeadraceError) => {
        missing += 1;
        if (size - missing < minSize) reject(error);
      };
      const openings: Promise<unknown>[] = [];
      while (openings.length < size && this.#threads.size === openings.length) {
        openings.push(this.#start().then((ready) => answers.push(ready), miss));
      }
      if (this.#threads.size < openings.length) this.#makeRoom(minSize);
      void Promise.all(openings).then(() => resolve());
    });
    if (this.#threads.size < minSize) throw this.#refusal;
    return answers[0]!;
  }

  /** Ends half of the workers, because the system gives no more threads, and the other parts of the process need some too. */
  #makeRoom(minSize: number): void {
    const kept = Math.max(minSize, Math.ceil(this.#threads.size / 2));
    for (const thread of [...this.#threads].slice(kept)) thread.end();
  }

  /** Starts a worker. Rejects if the worker does not become ready. */
  #start(): Promise<Ready> {
    return new Promise<Ready>((resolve, reject) => {
      const refuse = (error: HeadraceError) => {
        if (this.#isOpen || this.#refusal === null) this.#refusal = error;
        reject(error);
      };
      try {
        this.#threads.add(this.#thread(resolve, refuse));
      } catch (cause) {
        // The system gives no more threads or memory.
        const why = cause instanceof Error ? cause.message : String(cause);
        refuse(
          new HeadraceError("unexpected", `${this.#options.name}: expected a new worker thread, but it did not start: ${why}`, { cause }),
        );
      }
    });
  }

  #thread(onReady: (ready: Ready) => void, refuse: (error: HeadraceError) => void): WorkerThread<Ready, Request, Answer> {
    let refusal: HeadraceError | null = null;
    let isReady = false;
    const thread: WorkerThread<Ready, Request, Answer> = new WorkerThread({
      callsPerWorker: 1,
      death: (why, cause) => {
        const message = `${this.#options.name}: expected an answer, but the worker thread died: ${why}`;
        return new HeadraceError("inference_failed", message, { cause });
      },
      ...this.#options,
      onReady: (ready) => {
        isReady = true;
        onReady(ready);
      },
      onRefused: (error) => {
        refusal = error;
      },
      onAnswer: () => {
        this.#deaths = 0;
      },
      onFree: () => this.#dispatch(),
      onExit: (death) => {
        this.#threads.delete(thread);
        if (!isReady || !this.#isOpen) refuse(refusal ?? death);
        if (this.#isOpen) this.#replace(death);
      },
    });
    return thread;
  }

  /** A worker that cannot be replaced is missed only if it was the last one. */
  #replace(death: HeadraceError): void {
    if (this.#ended !== null) return;
    this.#deaths += 1;
    if (this.#deaths >= (this.#options.maxDeaths ?? 3)) this.#giveUp(death);
    else this.#start().catch(() => (this.#threads.size === 0 ? this.#giveUp(death) : undefined));
  }

  #giveUp(death: HeadraceError): void {
    const cause = this.#refusal ?? death;
    const message = `${this.#options.name}: worker threads died ${this.#deaths} times in a row; last reason: ${cause.message}`;
    this.#end(new HeadraceError(death.code, message, { scope: "run", retryable: false, cause }));
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#freest();
      if (thread === null) return;
      thread.run(this.#queue.shift()!);
    }
  }

  #freest(): WorkerThread<Ready, Request, Answer> | null {
    let freest: WorkerThread<Ready, Request, Answer> | null = null;
    for (const thread of this.#threads) if (thread.isFree && thread.load < (freest?.load ?? Number.POSITIVE_INFINITY)) freest = thread;
    return freest;
  }

  #giveBack(buffer: ArrayBuffer | null): void {
    if (buffer !== null) this.#options.giveBack(buffer);
  }

  #end(reason: HeadraceError): void {
    this.#ended ??= reason;
    for (const call of this.#queue.splice(0)) {
      this.#giveBack(call.buffer);
      call.reject(this.#ended);
    }
  }
}
