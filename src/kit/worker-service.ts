/** The code that a worker thread of a WorkerPool runs: it opens a service once, and then answers one call at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { HeadraceError } from "../contracts/index.js";
import type { FromWorker, ToWorker } from "./worker-protocol.js";

export interface WorkerAnswer<Answer> {
  readonly answer: Answer;
  /** Buffers in the answer that are transferred instead of copied. The list must not contain the buffer of the call. */
  readonly transfer: readonly ArrayBuffer[];
}

export interface WorkerService<Ready, Request, Answer> {
  /** `WorkerPool.open` returns this value in the main thread. */
  readonly ready: Ready;
  /** Answers one call. `handle` must not use the buffer after it has returned. The caller receives thrown errors as HeadraceError. */
  handle(request: Request, buffer: ArrayBuffer): Promise<WorkerAnswer<Answer>>;
  close(): Promise<void>;
}

/** The main module of a worker must call this function. `open` receives `settings` of the WorkerPoolOptions. */
export async function serveWorker<Settings, Ready, Request, Answer>(
  open: (settings: Settings) => Promise<WorkerService<Ready, Request, Answer>>,
): Promise<void> {
  const port = parentPort;
  if (port === null) throw new HeadraceError("contract_broken", "worker: expected to be started by a WorkerPool, found the main thread");
  const post = (message: FromWorker<Ready, Answer>, transfer: readonly ArrayBuffer[]) => port.postMessage(message, [...transfer]);

  let service: WorkerService<Ready, Request, Answer>;
  try {
    service = await open(workerData as Settings);
  } catch (error) {
    post({ kind: "refused", error: HeadraceError.from(error).toJSON() }, []);
    port.close();
    return;
  }

  const answer = async (request: Request, buffer: ArrayBuffer): Promise<void> => {
    try {
      const { answer, transfer } = await service.handle(request, buffer);
      post({ kind: "answer", answer, buffer }, [buffer, ...transfer]);
    } catch (error) {
      post({ kind: "failure", error: HeadraceError.from(error).toJSON(), buffer }, [buffer]);
    }
  };
  const close = async (): Promise<void> => {
    await service.close();
    port.close();
  };

  let work = Promise.resolve();
  port.on("message", (message: ToWorker<Request>) => {
    work = work.then(() => (message.kind === "close" ? close() : answer(message.request, message.buffer)));
  });
  post({ kind: "ready", ready: service.ready }, []);
}
