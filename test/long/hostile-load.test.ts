/**
 * 500 requests that are made to hurt, from one key, while another key searches: every search is answered, in a time like that without them,
 * within a memory that is known before. `npm run hostile-load`
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { makeCorpus } from "../support/corpus/corpus.js";
import { serveHeadrace } from "../support/services/headrace.js";
import { attacks, type Ending, type Target } from "./hostile-requests.js";
import { hostileWeb } from "./hostile-web.js";
import type { Answered, Searched, SearcherData } from "./searcher.js";

const count = Number(process.env["HEADRACE_HOSTILE_REQUESTS"] ?? 500);
/** Part of the name of the kinds that are sent. Default: all. */
const only = process.env["HEADRACE_HOSTILE_KIND"] ?? "";
const atOnce = 100;
/** How long a request may take before its sender gives up. */
const patienceMs = 20_000;
const aloneMs = 15_000;
const keys = [
  { name: "searcher", api_key: "searcher-0123456789", scopes: ["read", "write", "admin"] },
  { name: "hostile", api_key: "hostile-0123456789ab", scopes: ["read", "write", "admin"] },
] as const;
/** `server.max_bodies_mb` and `server.max_urls_mb`, and what the server needs besides. */
const [bodiesMb, urlsMb, besidesMb] = [256, 128, 300];

test(`${count} requests that are made to hurt keep no other key from searching`, { timeout: 600_000 }, async (context) => {
  const folder = resolve(".cache", "corpus", "vga-100");
  const { photos } = await makeCorpus({ folder, count: 100, seed: 100, sizes: "vga" });
  const pictures = await Promise.all(photos.slice(0, 20).map(async ({ file }) => (await readFile(join(folder, file))).toString("base64")));
  await using web = await hostileWeb();
  await using server = await serveHeadrace({
    settings: [
      `server.keys=${JSON.stringify(keys)}`,
      `server.allowed_roots=[${folder}]`,
      `server.max_bodies_mb=${bodiesMb}`,
      `server.max_urls_mb=${urlsMb}`,
      `http.allow=["127.0.0.1"]`,
    ],
  });
  const headers = { authorization: `Bearer ${keys[0].api_key}`, "content-type": "application/json" };
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${server.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal((await post("/v1/collections", { name: "photos" })).status, 201);
  const images = pictures.map((base64, index) => ({ base64, id: `photo-${index}` }));
  assert.equal((await post("/v1/collections/photos/images", { images })).status, 200);
  const queries = images.map(({ base64, id }, index) => ({ ...(index % 4 === 0 ? { base64 } : { id }), top_k: 10 }));
  const searcher = (): Searcher => new Searcher({ url: server.url, key: keys[0].api_key, queries });

  const first = searcher();
  await setTimeout(aloneMs);
  const alone = await first.stop();
  const quietMb = peakRssMb(server.pid);
  const second = searcher();
  const endings = await attack({ url: server.url, key: keys[1].api_key, webUrl: web.url, storedId: "photo-0" });
  const { searches, lives } = await second.stop();
  const peakMb = peakRssMb(server.pid);
  for (const [name, ended] of endings) context.diagnostic(`${name}: ${countsOf(ended)}`);
  const slowestLiveMs = Math.max(...lives.map(({ ms }) => ms));
  const [before, during, live] = [alone.searches, searches, lives].map(p99);
  context.diagnostic(`${alone.searches.length} searches alone, 99th percentile ${before?.toFixed(0)} ms`);
  context.diagnostic(`${searches.length} beside the requests, ${during?.toFixed(0)} ms`);
  context.diagnostic(`/health/live: 99th percentile ${live?.toFixed(0)} ms, slowest ${slowestLiveMs.toFixed(0)} ms`);
  context.diagnostic(`peak memory ${quietMb} MB alone, ${peakMb} MB beside the requests`);

  const wrong = [...alone.searches, ...searches, ...lives].filter(({ status }) => status !== 200);
  assert.deepEqual(wrong.slice(0, 5), []);
  const unexpected = [...endings].flatMap(([name, ended]) => ended.filter((each) => each === 500).map(() => name));
  assert.deepEqual(unexpected, []);
  assert.ok(slowestLiveMs <= 1_000, `the slowest answer of /health/live: ${slowestLiveMs} ms`);
  assert.ok(peakMb <= quietMb + bodiesMb + urlsMb + besidesMb, `${peakMb} MB, ${quietMb} MB before`);
  assert.ok((during ?? Number.NaN) <= 3 * (before ?? Number.NaN), `${during} ms against ${before} ms`);
});

class Searcher {
  readonly #worker: Worker;

  constructor(workerData: SearcherData) {
    this.#worker = new Worker(new URL("./searcher.js", import.meta.url), { workerData });
  }

  async stop(): Promise<Searched> {
    this.#worker.postMessage("stop");
    const [searched] = (await once(this.#worker, "message")) as [Searched];
    return searched;
  }
}

/** Sends requests of all kinds in turn, and tells how those of each kind ended. */
async function attack(target: Omit<Target, "signal">): Promise<ReadonlyMap<string, readonly Ending[]>> {
  const kinds = Object.entries(attacks).filter(([name]) => name.includes(only));
  const endings = new Map(kinds.map(([name]) => [name, [] as Ending[]]));
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < count) {
      const seq = next++;
      const [name, send] = kinds[seq % kinds.length] ?? ["", null];
      if (send !== null) endings.get(name)?.push(await send({ ...target, signal: AbortSignal.timeout(patienceMs) }, seq));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
  return endings;
}

function countsOf(ended: readonly Ending[]): string {
  const counts = new Map<Ending, number>();
  for (const each of ended) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].map(([ending, times]) => `${ending} × ${times}`).join(", ");
}

function p99(answers: readonly Answered[]): number {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

function peakRssMb(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
