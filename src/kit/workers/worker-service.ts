/** The code that a worker thread of a WorkerPool runs: it opens a service once, and then answers calls. */
import { parentPort, workerData } from "node:worker_threads";
import { HeadraceError } from "../../contracts/index.js";
import type { FromWorker, ToWorker, WorkerCall } from "./worker-protocol.js";

export interface WorkerAnswer<Answer> {
  readonly answer: Answer;
  /** Buffers in the answer that are transferred instead of copied. The list contains the buffer of the call only if `keeps` is set. */
  readonly transfer: readonly ArrayBuffer[];
  /** Set when the buffer of the call must not go back to the pool, because it is in the answer or no longer needed. */
  readonly keeps?: "buffer";
}

export interface WorkerService<Ready, Request, Answer> {
  /** `WorkerPool.open` returns this value in the main thread. */
  readonly ready: Ready;
  /**
   * Answers one call. Several calls can run at the same time, up to the pool's `callsPerWorker`. `handle` must not use the buffer after it
   * has returned. The caller receives thrown errors as HeadraceError.
   */
  handle(request: Request, buffer: ArrayBuffer): Promise<WorkerAnswer<Answer>>;
  close(): Promise<void>;
}

const noBuffer = new ArrayBuffer(0);

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

  const answer = async ({ call, request, buffer }: WorkerCall<Request>): Promise<void> => {
    try {
      const { answer, transfer, keeps } = await service.handle(request, buffer ?? noBuffer);
      const back = keeps === undefined ? buffer : null;
      post({ kind: "answer", call, answer, buffer: back }, back === null ? transfer : [back, ...transfer]);
    } catch (error) {
      post({ kind: "failure", call, error: HeadraceError.from(error).toJSON(), buffer }, buffer === null ? [] : [buffer]);
    }
  };
  const running = new Set<Promise<void>>();
  const close = async (): Promise<void> => {
    await Promise.all(running);
    await service.close();
    port.close();
  };
  port.on("message", async (message: ToWorker<Request>) => {
    if (message.kind === "close") return close();
    const work = answer(message);
    running.add(work);
    await work;
    running.delete(work);
  });
  post({ kind: "ready", ready: service.ready }, []);
}
