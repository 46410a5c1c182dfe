/** What 10 clients that search notice of a job, and of slow URLs of another key: `headrace serve` in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { type Served, serveHeadrace } from "../test/support/services/headrace.js";
import { atMost, type BenchSection, type Figure, median, plain, spread } from "./harness.js";
import { jobBeside, type Neighbour, slowUrlsBeside } from "./neighbours.js";
import { PreparedClient } from "./prepared-client.js";

const [clients, rounds, secondsEach, urlsAtOnce, urlLatencyMs] = [10, 3, 15, 64, 5_000];
const corpusFolder = join(".cache", "corpus", "vga-100");
const searchPath = "/v1/collections/photos/search";
const keys = ["searching", "other"].map((name) => ({ name, api_key: `${name}-0123456789abcdef`, scopes: ["read", "write", "admin"] }));
const headersOf = (name: string) => ({ authorization: `Bearer ${name}-0123456789abcdef` });

export async function searchesBesideNeighbours(): Promise<BenchSection> {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 100, seed: 100, sizes: "vga" });
  const jpegs = corpus.photos.filter(({ format }) => format === "jpg").map(({ file }) => join(corpusFolder, file));
  const photos = await Promise.all(jpegs.map((file) => readFile(file)));
  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const slow = spawn(process.execPath, [resolve("build", "bench", "slow-image-server.js"), corpusFolder, String(urlLatencyMs)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const slowUrl = `http://127.0.0.1:${await portOf(slow)}`;
    const settings = [`server.keys=${JSON.stringify(keys)}`, `server.allowed_roots=[${folder}]`, 'http.allow=["127.0.0.1"]'];
    await using server = await serveHeadrace({ settings });
    const client = new PreparedClient(server.url, headersOf("searching"));
    await client.json("/v1/collections", { name: "photos" })();
    const ids = JSON.stringify(photos.map((_, index) => `photo-${index}`));
    await client.upload("/v1/collections/photos/images", photos, { ids })();
    const searches = {
      "by image": photos.map((bytes) => client.upload(searchPath, [bytes])),
      "by id": photos.map((_, index) => client.json(searchPath, { id: `photo-${index}` })),
    };
    const job = jobBeside({ client, photos, folder, collection: "photos" });
    const urls = slowUrlsBeside({
      url: `${server.url}${searchPath}`,
      headers: headersOf("other"),
      images: jpegs.map((file) => `${slowUrl}/${file.split("/").at(-1)}`),
      atOnce: urlsAtOnce,
    });
    const figures: Figure[] = [];
    for (const [kind, queries] of Object.entries(searches)) {
      figures.push(...(await compared(`searches ${kind}`, "a job", queries, job)));
      figures.push(...(await compared(`searches ${kind}`, `${urlsAtOnce} slow URLs of another key`, queries, urls)));
    }
    return {
      name: "neighbours",
      title: `${clients} clients that search, alone and beside a job or slow URLs of another key: \`headrace serve\`, VGA JPEGs`,
      command: "npm run bench -- neighbours",
      figures: [...figures, plain("memory of the server at its peak, MB", String(await peakRssMb(server)))],
    };
  } finally {
    slow.stdin?.end();
    await once(slow, "exit");
    await rm(folder, { recursive: true, force: true });
  }
}

type Queries = readonly (() => Promise<void>)[];

/** Alone and beside the neighbour in turn, so that both see the same machine. */
async function compared(searches: string, beside: string, queries: Queries, neighbour: Neighbour): Promise<readonly Figure[]> {
  const measured: Record<"alone" | "beside", number[]> = { alone: [], beside: [] };
  const done: number[] = [];
  // The first searches are slower, because the code is not compiled yet.
  await p99Of(queries, 5);
  for (let round = 0; round < rounds; round += 1) {
    measured.alone.push(await p99Of(queries, secondsEach));
    const { stop } = await neighbour();
    measured.beside.push(await p99Of(queries, secondsEach));
    done.push(await stop());
  }
  return [
    plain(`${searches}, alone: 99th percentile, ms`, spread(measured.alone, 0)),
    plain(`${searches}, beside ${beside}: 99th percentile, ms; what the neighbour did meanwhile`, `${spread(measured.beside, 0)}; ${done}`),
    atMost(`${searches}, beside ${beside} ÷ alone, medians`, median(measured.beside) / median(measured.alone), 2, 2),
  ];
}

/** The clients search one after the other, each with its next search as soon as the last one is answered. */
async function p99Of(queries: Queries, seconds: number): Promise<number> {
  const untilMs = performance.now() + seconds * 1000;
  const tookMs: number[] = [];
  let next = 0;
  const searching = async (): Promise<void> => {
    for (let startedMs = performance.now(); startedMs < untilMs; startedMs = performance.now()) {
      await queries[next++ % queries.length]?.();
      tookMs.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, searching));
  const sorted = tookMs.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error("the server has no output");
  const [line] = await once(stdout.setEncoding("utf8"), "data");
  return Number(line);
}

async function peakRssMb({ pid }: Served): Promise<number> {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
