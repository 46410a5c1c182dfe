/** Vectors of two models never meet in one collection, whatever happens to the servers during a run. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { tritonEmbedder } from "../../../src/adapters/triton/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../../src/app/index.js";
import type { HeadraceError, Key, RunReport } from "../../../src/contracts/index.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton, type TritonServer } from "../../support/services/triton.js";
import { type TestModel, writeModels } from "../../support/services/triton-models.js";
import { HttpGate } from "./gates.js";
import { embed, failure, never, untilItWorks, withEmbedder } from "./helpers.js";
import { makePictures, rowsOf, side } from "./images.js";

const skip = await skipUnless("Triton", installTriton);
const polling = ["--model-control-mode=poll", "--repository-poll-secs=1"];
const model = { kind: "sleeping", name: "m", baseMs: 8, rowMs: 4, dimension: 32, size: side } as const satisfies TestModel;
/** The same but for its weights. */
const other = { ...model, seeds: [8] } as const satisfies TestModel;
const count = 640;

interface Course {
  readonly report: RunReport;
  readonly notices: readonly string[];
  readonly rows: readonly (readonly [Key, Float32Array])[];
}

describe("one model in a collection", { skip, concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-one-model-"));
  const pictures = join(folder, "pictures");
  let first: ReadonlyMap<Key, Float32Array>;

  before(async () => {
    await makePictures(pictures, count);
    const server = await startTriton({ models: [model] });
    try {
      first = new Map((await ingest({ url: server.httpUrl })).rows);
    } finally {
      await server.stop();
    }
    assert.equal(first.size, count);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const transport of ["shm", "http", "grpc"] as const) {
    test(`${transport}: a new version with other weights ends the run, and no row is of it`, async () => {
      const versions = { ...model, seeds: [7, 8] };
      const server = await startTriton({ models: [versions], args: polling });
      try {
        const url = transport === "grpc" ? server.grpcUrl : server.httpUrl;
        const course = await ingest({ url, transport, happens: () => writeModels(server.repository, [{ ...versions, version: 2 }]) });
        assertEnded(course, /m version 2: expected the vectors .* at the start version 1, found those of another one/);
      } finally {
        await server.stop();
      }
    });

    test(`${transport}: a server that was killed and comes back with other weights gets no batch`, async () => {
      const server = await startTriton({ models: [model] });
      try {
        const happens = () => replaced(server);
        assertEnded(await ingest({ url: transport === "grpc" ? server.grpcUrl : server.httpUrl, transport, happens }), /cosine of/);
      } finally {
        await server.stop();
      }
    });

    test(`${transport}: also when it was replaced while nobody asked it anything`, async () => {
      const server = await startTriton({ models: [model] });
      try {
        const urls = [transport === "grpc" ? server.grpcUrl : server.httpUrl];
        await withEmbedder({ urls, transport, modelName: model.name }, async (embedder) => {
          const before = await embed(embedder, [1, 2]);
          await server.restart();
          assert.deepEqual((await untilItWorks(() => embed(embedder, [1, 2]), 10_000)).values, before.values);
          await replaced(server);
          assert.equal((await endOf(() => embed(embedder, [1, 2]))).code, "model_mismatch");
        });
      } finally {
        await server.stop();
      }
    });
  }

  test("a new version with the same weights goes on, and is named from then on", async () => {
    const server = await startTriton({ models: [model], args: polling });
    try {
      await withEmbedder({ urls: [server.httpUrl], modelName: model.name }, async (embedder) => {
        assert.match(embedder.label, /^m version 1, Triton /);
        const before = await embed(embedder, [1, 2]);
        writeModels(server.repository, [{ ...model, version: 2 }]);
        const giveUpAtMs = performance.now() + 15_000;
        while (!embedder.label.includes("version 1, 2") && performance.now() < giveUpAtMs) {
          assert.deepEqual((await embed(embedder, [1, 2])).values, before.values);
        }
        assert.match(embedder.label, /^m version 1, 2, Triton /);
      });
    } finally {
      await server.stop();
    }
  });

  test("servers of triton.urls with other weights are refused when opened, and both are named", async () => {
    const [a, b] = await Promise.all([startTriton({ models: [model] }), startTriton({ models: [{ ...other, version: 3 }] })]);
    try {
      const embedder = tritonEmbedder({ urls: [a.httpUrl, b.httpUrl], modelName: model.name });
      const error = await failure(embedder.open(never));
      assert.equal(error.code, "model_mismatch");
      assert.ok(error.message.includes(a.httpUrl) && error.message.includes(b.httpUrl), error.message);
      assert.match(error.message, /version 3: expected .* version 1/);
    } finally {
      await Promise.all([a.stop(), b.stop()]);
    }
  });

  test("a server that was away at the start and comes with other weights is left out, and that is said", async () => {
    const [a, b] = await Promise.all([startTriton({ models: [model] }), startTriton({ models: [other] })]);
    try {
      await b.kill();
      await withEmbedder({ urls: [a.httpUrl, b.httpUrl], modelName: model.name }, async (embedder) => {
        const before = await embed(embedder, [1]);
        await b.restart();
        const notices: string[] = [];
        const giveUpAtMs = performance.now() + 20_000;
        while (notices.length === 0 && performance.now() < giveUpAtMs) {
          assert.deepEqual((await embed(embedder, [1])).values, before.values);
          notices.push(...embedder.notices());
        }
        assert.match(notices.join(), new RegExp(`Left out: Triton ${b.httpUrl}, .*found those of another one`));
        assert.ok((await embedder.diagnose()).some(({ severity, part }) => severity === "problem" && part.includes(b.httpUrl)));
      });
    } finally {
      await Promise.all([a.stop(), b.stop()]);
    }
  });

  test("an address that alternates between versions of one model costs a few probes, not one a batch", async () => {
    const [a, b] = await Promise.all([startTriton({ models: [model] }), startTriton({ models: [{ ...model, version: 2 }] })]);
    try {
      await using gate = await HttpGate.open(a.httpUrl, b.httpUrl);
      await withEmbedder({ urls: [gate.url], transport: "http", modelName: model.name }, async (embedder) => {
        for (let call = 0; call < 40; call += 1) await embed(embedder, [call, call]);
        assert.match(embedder.label, /version (1, 2|2, 1),/);
        const probes = gate.passed.length - 40;
        assert.ok(probes <= 6, `${probes} probes for 40 batches`);
      });
    } finally {
      await Promise.all([a.stop(), b.stop()]);
    }
  });

  async function replaced(server: TritonServer): Promise<void> {
    await server.kill();
    writeModels(server.repository, [other]);
    await server.restart();
  }

  interface Ingestion {
    readonly url: string;
    readonly transport?: "http" | "grpc" | "shm";
    /** When 128 images are stored. */
    readonly happens?: () => void | Promise<void>;
  }

  /** A run into a new collection. */
  async function ingest({ url, transport = "http", happens }: Ingestion): Promise<Course> {
    const config = new ServiceConfig({
      lancedb: { path: mkdtempSync(join(folder, "data-")) },
      preprocess: { preset: "none" },
      asyncPipeline: { insertBatchSize: 32 },
      triton: { url, modelName: model.name, transport },
    });
    await using pipeline = await ImageEmbeddingPipeline.open(config);
    let stored = 0;
    let happening: Promise<void> | undefined;
    const notices: string[] = [];
    const run = await pipeline.ingest({
      inputs: listInputs({ paths: [pictures] }),
      collectionName: "pictures",
      schedule: "overlapped",
      observer: (event) => {
        if (event.kind === "notice") notices.push(event.message);
      },
      onOutcome: (outcome) => {
        if (outcome.kind === "stored") stored += 1;
        if (stored >= 128 && happens !== undefined) happening ??= Promise.resolve(happens());
      },
    });
    const report = await run.done;
    await happening;
    assert.ok(happens === undefined || happening !== undefined, "the run ended before anything happened");
    return { report, notices, rows: await rowsOf(pipeline, "pictures") };
  }

  function assertEnded({ report, rows }: Course, says: RegExp): void {
    assert.deepEqual([report.ended, report.error?.code, report.failed], ["failed", "model_mismatch", 0], String(report.error));
    assert.match(report.error?.message ?? "", says);
    assert.ok(rows.length >= 128 && rows.length < count, `${rows.length} rows`);
    for (const [key, vector] of rows) assert.deepEqual(vector, first.get(key), `the vector of ${String(key)}`);
  }
});

/** The error that is not of a service that is away. */
async function endOf(attempt: () => Promise<unknown>): Promise<HeadraceError> {
  for (;;) {
    const error = await failure(attempt());
    if (error.scope !== "service") return error;
  }
}
