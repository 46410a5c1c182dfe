/** Whatever happens to Milvus during an insertion, the whole pipeline waits, and every image is there once in the end. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";
import type { RunEvent } from "../../../src/contracts/index.js";
import { extent } from "../../support/extent.js";
import { keys, LiveMilvus, missing } from "./milvus.js";

const alone = process.env["HEADRACE_MILVUS_ADDRESS"] === undefined ? missing : "the server at HEADRACE_MILVUS_ADDRESS cannot be killed";
const total = 20_000;
const dimension = 256;
const frozenMs = 10_000;
/** Seconds. Milvus ends itself when it stands still for longer than its sessions live: the tests' 10 s are too short for the freeze. */
const patient = { "common.session.ttl": "25" };
/** Shorter than the freeze, so that calls give up during it. */
const timeoutS = 6;
/** MB a second, less than the slowest machine sends: the rows after the second kill have about nine. */
const quota = {
  "quotaAndLimits.dml.enabled": "true",
  "quotaAndLimits.dml.upsertRate.max": "0.5",
  "quotaAndLimits.dml.insertRate.max": "0.5",
};

interface Fault {
  readonly name: string;
  /** It begins when so many rows are acknowledged. */
  readonly atRows: number;
  /** Images that are handed over before it is over: enough that rows are on their way when it begins. */
  readonly untilImage: number;
  /** What the pipeline must hear of it, one of them. */
  readonly codes: readonly string[];
  readonly happens: () => Promise<void>;
}

describe("an insertion while Milvus is killed, frozen and rate-limited", { skip: alone }, () => {
  const live = new LiveMilvus("faults_", { use: "alone" });
  const folder = mkdtempSync(join(tmpdir(), "headrace-faults-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it(`stores each of ${total} images once`, async (context) => {
    const config = new ServiceConfig({ milvus: live.settings({ timeout: timeoutS }), lancedb: { path: folder } });
    const own = { embedder: memoryEmbedder({ dimension }), decoder: memoryDecoder() };
    await using pipeline = await ImageEmbeddingPipeline.open(config, { own });
    const last = {
      name: "killed, then limited",
      atRows: 13_000,
      untilImage: total,
      codes: ["store_unavailable"],
      happens: () => killed(quota),
    };
    const earlier: readonly Fault[] = [
      { name: "killed", atRows: 3_000, untilImage: 7_000, codes: ["store_unavailable"], happens: () => killed(patient) },
      { name: "frozen", atRows: 9_000, untilImage: 12_000, codes: ["timed_out", "store_unavailable"], happens: frozen },
    ];
    const faults: readonly Fault[] = [...extent({ some: [], all: earlier }), last];
    context.after(() => live.server.restart());
    const course = new Course(faults);
    const [{ ids, failures, stats }] = await Promise.all([
      pipeline.insertImagesAsync({ inputs: course.images(), collectionName: "faults_rows", observer: (event) => course.see(event) }),
      course.run(),
    ]);

    for (const [at, { name, atRows, codes }] of faults.entries()) {
      const { rows, heard } = course.chapters[at + 1]!;
      context.diagnostic(`${name} at ${rows} rows, ${heard.length} waits: ${[...new Set(heard.map(({ code }) => code))].join(", ")}`);
      assert.ok(rows >= atRows && rows < total, `${name}: rows before and rows after`);
      assert.ok(
        heard.some((each) => codes.includes(each.code) && each.rows < total),
        `${name}: expected ${codes.join(" or ")}`,
      );
    }
    const refused = course.chapters.at(-1)!.heard.filter(({ code }) => code === "overloaded");
    assert.ok(
      refused.some(({ rows }) => rows < total),
      "the rate limit was hit, and rows followed",
    );
    context.diagnostic(`${Math.round(stats.elapsedMs / 1000)} s in all`);

    assert.deepEqual([stats.ended, stats.read, stats.stored, failures], ["completed", total, total, []]);
    assert.deepEqual(ids, keys(total));
    assert.equal(await pipeline.count("faults_rows"), total);
    const stored: string[] = [];
    for await (const rows of pipeline.scan("faults_rows", { vectors: "omit" })) stored.push(...rows.map(({ id }) => String(id)));
    assert.deepEqual(stored.sort(), keys(total));
    await holdsOwnVectors(pipeline);
  });

  async function killed(settings: Readonly<Record<string, string>>): Promise<void> {
    await live.server.kill();
    await live.server.restart(settings);
  }

  async function frozen(): Promise<void> {
    await live.server.pause();
    await delay(frozenMs);
    live.server.resume();
  }
});

/** From one fault to the next. */
interface Chapter {
  /** Acknowledged when it began. */
  readonly rows: number;
  /** What made the store wait, and how many rows were acknowledged then. */
  readonly heard: { readonly code: string; readonly rows: number }[];
}

/** Hands images over, counts acknowledged rows, and lets each fault begin while rows are on their way. */
class Course {
  /** The first is that before any fault. */
  readonly chapters: Chapter[] = [{ rows: 0, heard: [] }];
  readonly #progress = new EventEmitter();
  #rows = 0;
  #over = 0;

  constructor(readonly faults: readonly Fault[]) {}

  /** As many different images as rows, each only a few bytes. */
  async *images() {
    for (const [index, id] of keys(total).entries()) {
      while (index >= (this.faults[this.#over]?.untilImage ?? total)) await once(this.#progress, "over");
      yield { input: bytesOf(index), id };
    }
  }

  see(event: RunEvent): void {
    if (event.kind === "outage-started" && event.stage === "store") {
      this.chapters.at(-1)!.heard.push({ code: event.error.code, rows: this.#rows });
    }
    if (event.kind !== "item-settled" || event.outcome.kind !== "stored") return;
    this.#rows += 1;
    this.#progress.emit("stored");
  }

  async run(): Promise<void> {
    for (const { atRows, happens } of this.faults) {
      while (this.#rows < atRows) await once(this.#progress, "stored");
      this.chapters.push({ rows: this.#rows, heard: [] });
      await happens();
      this.#over += 1;
      this.#progress.emit("over");
    }
  }
}

function bytesOf(index: number): Uint8Array {
  return Uint8Array.of(index >> 8, index & 0xff, 7);
}

/** A batch that was sent again has not moved vectors to other keys. */
async function holdsOwnVectors(pipeline: ImageEmbeddingPipeline): Promise<void> {
  const sample = Array.from({ length: 200 }, (_, index) => index * (total / 200));
  const { vectors } = await pipeline.embedImages(sample.map(bytesOf));
  const wanted = new Map(sample.map((index, at) => [keys(1, index)[0]!, vectors[at]!]));
  for await (const rows of pipeline.scan("faults_rows", { vectors: "include" })) {
    for (const { id, vector } of rows) {
      const expected = wanted.get(String(id));
      if (expected !== undefined) assert.deepEqual(vector, expected, `the vector of ${String(id)}`);
      wanted.delete(String(id));
    }
  }
  assert.equal(wanted.size, 0, "every vector of the sample was compared");
}
