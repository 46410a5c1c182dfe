/** A thread that searches and asks whether the server lives, one after the other, until it is told to stop. */
import { parentPort, workerData } from "node:worker_threads";

export interface Answered {
  readonly status: number;
  readonly ms: number;
}

export interface Searched {
  readonly searches: readonly Answered[];
  readonly lives: readonly Answered[];
}

export interface SearcherData {
  readonly url: string;
  readonly key: string;
  /** Bodies of searches, which are sent in turn. */
  readonly queries: readonly object[];
}

const { url, key, queries } = workerData as SearcherData;
const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
const [searches, lives]: [Answered[], Answered[]] = [[], []];
let stopped = false;
parentPort?.once("message", () => {
  stopped = true;
});
for (let seq = 0; !stopped; seq += 1) {
  searches.push(
    await answered("/v1/collections/photos/search", { method: "POST", headers, body: JSON.stringify(queries[seq % queries.length]) }),
  );
  lives.push(await answered("/health/live", {}));
}
parentPort?.postMessage({ searches, lives } satisfies Searched);

async function answered(path: string, init: RequestInit): Promise<Answered> {
  const startedMs = performance.now();
  const answer = await fetch(url + path, init);
  await answer.arrayBuffer();
  return { status: answer.status, ms: performance.now() - startedMs };
}
