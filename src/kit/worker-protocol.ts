/** The messages between a WorkerPool and its worker threads. */
import type { ErrorRecord } from "../contracts/index.js";

/** One call. The pool transfers the buffer to the worker. The worker transfers the buffer back with the answer or the failure. */
export interface WorkerCall<Request> {
  readonly kind: "call";
  readonly request: Request;
  readonly buffer: ArrayBuffer;
}

export type ToWorker<Request> = WorkerCall<Request> | { readonly kind: "close" };

export type FromWorker<Ready, Answer> =
  | { readonly kind: "ready"; readonly ready: Ready }
  /** The worker failed to open, and ends. */
  | { readonly kind: "refused"; readonly error: ErrorRecord }
  | { readonly kind: "answer"; readonly answer: Answer; readonly buffer: ArrayBuffer }
  | { readonly kind: "failure"; readonly error: ErrorRecord; readonly buffer: ArrayBuffer };
