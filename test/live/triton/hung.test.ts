/** A model that hangs is a service that is away; a picture that makes it hang is found, and fails alone. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../../src/app/index.js";
import type { Outcome, RunReport } from "../../../src/contracts/index.js";
import { verdict } from "../../../src/insight/index.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton } from "../../support/services/triton.js";
import type { TestModel } from "../../support/services/triton-models.js";
import { makePictures, nameOf, poison, side } from "./images.js";

const skip = await skipUnless("Triton", installTriton);
const model = { kind: "sleeping", name: "m", baseMs: 4, rowMs: 1, dimension: 32, size: side } as const satisfies TestModel;

describe("a model that hangs", { skip, concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-hung-"));
  const pictures = join(folder, "pictures");

  before(() => makePictures(pictures, 192, { poisonAt: 70 }));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const transport of ["http", "grpc", "shm"] as const) {
    test(`${transport}: for ever: no picture fails for it, the run ends after max_outage, and embed is named as the limit`, async () => {
      // The opening and the passport take three.
      const { report, failed } = await ingest({ ...model, hangAfter: 6 }, { transport, timeout: 1, maxOutage: 5 });
      assert.deepEqual([report.ended, report.error?.code, failed], ["failed", "outage_too_long", []], String(report.error));
      assert.match(report.error?.message ?? "", /expected an answer within 1000 ms/);
      assert.match(verdict(report), /^embed is the limit: .*most of it waiting for its service/);
    });
  }

  test("at one picture, while others go through: it is found, and fails alone", async () => {
    const hanging = { ...model, hang: { value: poison, ms: 2_000 }, instances: 2, dynamic: false };
    const { report, failed } = await ingest(hanging, { transport: "http", timeout: 1, maxOutage: 60, maxRetries: 1 });
    assert.deepEqual([report.ended, report.stored, report.failed], ["completed", 191, 1], String(report.error));
    const [outcome] = failed;
    assert.ok(outcome?.kind === "failed" && outcome.error.code === "timed_out" && outcome.facts.source.endsWith(nameOf(70)));
  });

  test("at one picture, with nothing else to do: it is found all the same", async () => {
    const hanging = { ...model, hang: { value: poison, ms: 1_500 } };
    const options = { transport: "http", timeout: 1, maxOutage: 60, maxRetries: 0 } as const;
    const { report, failed } = await ingest(hanging, { ...options, schedule: "sequential" });
    assert.deepEqual([report.ended, report.stored, failed.length], ["completed", 191, 1], String(report.error));
  });

  test("max_retries 0 asks once, 2 asks three times", async () => {
    const single = join(folder, "single");
    await makePictures(single, 1, { poisonAt: 0 });
    for (const [maxRetries, attempts] of [
      [0, 1],
      [2, 3],
    ] as const) {
      const options = { transport: "http", timeout: 10, maxOutage: 60, maxRetries } as const;
      const { failed } = await ingest({ ...model, poison }, options, single);
      assert.deepEqual(
        failed.map((outcome) => outcome.kind === "failed" && [outcome.error.code, outcome.attempts]),
        [["inference_failed", attempts]],
      );
    }
  });

  interface Ingestion {
    readonly transport: "http" | "grpc" | "shm";
    readonly timeout: number;
    readonly maxOutage: number;
    readonly maxRetries?: number;
    readonly schedule?: "overlapped" | "sequential";
  }

  /** A run on a server of its own, into a new collection. */
  async function ingest(
    served: TestModel,
    { schedule = "overlapped", ...triton }: Ingestion,
    inputs = pictures,
  ): Promise<{ readonly report: RunReport; readonly failed: readonly Outcome[] }> {
    const server = await startTriton({ models: [served] });
    try {
      const config = new ServiceConfig({
        lancedb: { path: mkdtempSync(join(folder, "data-")) },
        preprocess: { preset: "none" },
        triton: { url: triton.transport === "grpc" ? server.grpcUrl : server.httpUrl, modelName: served.name, retryDelay: 0.05, ...triton },
      });
      await using pipeline = await ImageEmbeddingPipeline.open(config);
      const failed: Outcome[] = [];
      const onOutcome = (outcome: Outcome) => {
        if (outcome.kind === "failed") failed.push(outcome);
      };
      const run = await pipeline.ingest({ inputs: listInputs({ paths: [inputs] }), collectionName: "pictures", schedule, onOutcome });
      return { report: await run.done, failed };
    } finally {
      await server.stop();
    }
  }
});
