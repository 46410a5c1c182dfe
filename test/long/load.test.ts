/**
 * 200 clients at once, for a minute alone and for a minute while 5,000 images are ingested: no errors but 503 with Retry-After, and searches
 * that stay fast. `npm run load`
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { makeCorpus } from "../support/corpus/corpus.js";
import { type Served, serveHeadrace } from "../support/services/headrace.js";

const seconds = Number(process.env["HEADRACE_LOAD_SECONDS"] ?? 60);
const [idClients, imageClients, otherClients] = [100, 5, 95];
const maxRssMb = 1_200;
const parts = [
  { folder: "vga-2400", count: 2_400 },
  { folder: "vga-2000", count: 2_000 },
  { folder: "vga-600", count: 600 },
];
const json = { "content-type": "application/json" };

interface Answered {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly ms: number;
}

/** What one kind of client got. */
interface Tally {
  readonly name: string;
  readonly answers: readonly Answered[];
}

test(`${idClients + imageClients + otherClients} clients for ${seconds} s, alone and beside an ingest of 5,000 images`, async (context) => {
  const folders = parts.map(({ folder }) => resolve(".cache", "corpus", folder));
  for (const [index, { count }] of parts.entries()) await makeCorpus({ folder: folders[index] ?? "", count, seed: count, sizes: "vga" });
  const searched = await makeCorpus({ folder: resolve(".cache", "corpus", "vga-100"), count: 100, seed: 100, sizes: "vga" });
  const files = searched.photos.map(({ file }) => join(".cache", "corpus", "vga-100", file));
  const photos = await Promise.all(files.map((file) => readFile(file)));
  await using server = await serveHeadrace({ settings: [`server.allowed_roots=[${resolve(".cache", "corpus")}]`] });
  const clients = new Clients(server);
  assert.equal((await clients.post("/v1/collections", { name: "photos" })).status, 201);
  const images = photos.map((photo, index) => ({ base64: photo.toString("base64"), id: `photo-${index}` }));
  for (let start = 0; start < images.length; start += 50) {
    assert.equal((await clients.post("/v1/collections/photos/images", { images: images.slice(start, start + 50) })).status, 200);
  }

  const alone = await clients.all(photos, seconds);
  const job = await clients.post("/v1/jobs", { collection: "photos", sources: folders });
  assert.equal(job.status, 202, job.body);
  const together = await clients.all(photos, seconds);
  const { body } = await clients.get(`/v1/jobs/${(JSON.parse(job.body) as { id: string }).id}`);
  for (const [title, tallies] of Object.entries({ alone, "beside the ingest": together })) {
    for (const line of tallies.map(describeTally)) context.diagnostic(`${title}: ${line}`);
  }
  const { count } = JSON.parse((await clients.get("/v1/collections/photos")).body) as { count: number };
  const ingested = count - photos.length;
  context.diagnostic(`${ingested} images ingested meanwhile`);
  const peak = peakRssMb(server.pid);
  context.diagnostic(`the job: ${body.slice(0, 400)}`);
  context.diagnostic(`peak memory ${peak} MB`);

  for (const { name, answers } of [...alone, ...together]) {
    const wrong = answers.filter(({ status, retryAfter }) => status >= 400 && !(status === 503 && retryAfter !== undefined));
    assert.deepEqual(wrong.slice(0, 3), [], name);
    const refused = answers.filter(({ status }) => status === 503).length;
    assert.ok(refused <= 0.05 * answers.length, `${name}: ${refused} of ${answers.length} refused`);
    assert.ok(answers.length > seconds / 2, `${name}: ${answers.length} answers`);
  }
  const [before, during] = [alone, together].map((tallies) =>
    p99(tallies.filter(({ name }) => name.startsWith("search")).flatMap((each) => each.answers)),
  );
  context.diagnostic(`searches, 99th percentile: ${before?.toFixed(0)} ms alone, ${during?.toFixed(0)} ms beside the ingest`);
  assert.ok((during ?? Number.NaN) <= 3 * (before ?? Number.NaN) + 50, `${during} ms against ${before} ms`);
  assert.ok(peak <= maxRssMb, `${peak} MB`);
  assert.ok(ingested > seconds, `${ingested} images ingested in ${seconds} s`);
});

class Clients {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 400 });

  constructor(readonly server: Served) {}

  get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    return this.#send("GET", path, {}, undefined);
  }

  post(path: string, body: object): Promise<{ readonly status: number; readonly body: string }> {
    return this.#send("POST", path, json, Buffer.from(JSON.stringify(body)));
  }

  /** All clients at once, each with its next request as soon as the last one is answered. */
  async all(photos: readonly Buffer[], forSeconds: number): Promise<readonly Tally[]> {
    const path = "/v1/collections/photos/search";
    const byImage = photos.slice(0, 20).map((photo) => Buffer.from(JSON.stringify({ base64: photo.toString("base64"), top_k: 10 })));
    const until = performance.now() + forSeconds * 1000;
    const kind = async (name: string, count: number, send: (seq: number) => Promise<Answered>): Promise<Tally> => {
      const answers: Answered[] = [];
      let seq = 0;
      const client = async (): Promise<void> => {
        while (performance.now() < until) answers.push(await send(seq++));
      };
      await Promise.all(Array.from({ length: count }, client));
      return { name, answers };
    };
    return Promise.all([
      kind("search by id", idClients, (seq) =>
        this.#send("POST", path, json, Buffer.from(JSON.stringify({ id: `photo-${seq % photos.length}`, top_k: 10 }))),
      ),
      kind("search by image", imageClients, (seq) => this.#send("POST", path, json, byImage[seq % byImage.length])),
      kind("description", otherClients, () => this.#send("GET", "/v1/collections/photos", {}, undefined)),
    ]);
  }

  #send(method: string, path: string, headers: object, body: Buffer | undefined): Promise<Answered & { readonly body: string }> {
    const startedMs = performance.now();
    return new Promise((fulfil, reject) => {
      const sent = request(
        `${this.server.url}${path}`,
        { method, agent: this.#agent, headers: { ...headers, ...(body === undefined ? {} : { "content-length": body.byteLength }) } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => void chunks.push(chunk));
          response.once("error", reject);
          response.once("end", () => {
            const { statusCode: status = 0, headers } = response;
            fulfil({
              status,
              retryAfter: headers["retry-after"],
              ms: performance.now() - startedMs,
              body: Buffer.concat(chunks).toString(),
            });
          });
        },
      );
      sent.once("error", reject);
      sent.end(body);
    });
  }
}

function p99(answers: readonly Answered[]): number {
  return percentile(answers, 0.99);
}

function percentile(answers: readonly Answered[], share: number): number {
  const sorted = answers
    .filter(({ status }) => status < 400)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

function describeTally({ name, answers }: Tally): string {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  const statuses = [...counts].map(([status, count]) => `${status}: ${count}`).join(", ");
  const [median, most] = [percentile(answers, 0.5), p99(answers)];
  return `${name}: ${statuses}; ${(answers.length / seconds).toFixed(0)}/s, median ${median.toFixed(0)} ms, 99th percentile ${most.toFixed(0)} ms`;
}

function peakRssMb(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
