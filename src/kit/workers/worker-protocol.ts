/** The messages between a WorkerPool and its worker threads. */
import type { ErrorRecord } from "../../contracts/index.js";

/** One call. The pool transfers the buffer to the worker. The worker transfers the buffer back, unless it keeps the buffer. */
export interface WorkerCall<Request> {
  readonly kind: "call";
  /** The number of the call. No two calls of a worker have the same number. */
  readonly call: number;
  readonly request: Request;
  readonly buffer: ArrayBuffer | null;
}

export type ToWorker<Request> = WorkerCall<Request> | { readonly kind: "close" };

export type FromWorker<Ready, Answer> =
  | { readonly kind: "ready"; readonly ready: Ready }
  /** The worker failed to open, and ends. */
  | { readonly kind: "refused"; readonly error: ErrorRecord }
  | { readonly kind: "answer"; readonly call: number; readonly answer: Answer; readonly buffer: ArrayBuffer | null }
  | { readonly kind: "failure"; readonly call: number; readonly error: ErrorRecord; readonly buffer: ArrayBuffer | null };
