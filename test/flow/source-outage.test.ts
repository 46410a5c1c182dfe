/** A web server that stops to answer in the middle of a run: its images wait for it, and no image becomes a dead letter. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type InsertStats, listInputs, ServiceConfig } from "../../src/app/index.js";
import type { Outcome, RunEvent } from "../../src/contracts/index.js";
import { type Absence, AwayServer } from "../sources/away-server.js";

const images = 300;
const absences: readonly Absence[] = ["refuses connections", "answers 503", "drops connections"];

describe("an outage of a source", () => {
  for (const absence of absences) {
    test(`with a server that ${absence}, and comes back, leaves no dead letter`, async () => {
      await using server = await AwayServer.start((path, response) => {
        response.writeHead(200).end(path);
        if (server.sent.length === 100) server.leave(absence);
      });
      const events: string[] = [];
      const report = await ingest(urls(server, images), (event) => {
        if (!event.kind.startsWith("outage")) return;
        events.push(event.kind);
        if (event.kind === "outage-started") {
          assert.match(event.error.message, /127\.0\.0\.1:\d+ has sent images before, and does not answer any more/);
          void server.comeBack();
        }
      });
      assert.deepEqual([report.ended, report.stored, report.failed, report.deadLetters], ["completed", images, 0, 0]);
      assert.deepEqual([events[0], events.at(-1)], ["outage-started", "outage-ended"]);
    });
  }

  test("that lasts longer than `max_outage` ends the run, and leaves no dead letter", async () => {
    await using server = await AwayServer.start((path, response) => {
      response.writeHead(200).end(path);
      if (server.sent.length === 100) server.leave("refuses connections");
    });
    const report = await ingest(urls(server, images), undefined, { limits: { maxOutage: 1 } });
    assert.deepEqual([report.ended, report.error?.code, report.failed, report.deadLetters], ["failed", "outage_too_long", 0, 0]);
    assert.ok(report.stored >= 90 && report.abandoned > 0, `${report.stored} stored, ${report.abandoned} abandoned`);
  });

  test("is not what a server has that fails for some images and sends others", async () => {
    await using server = await AwayServer.start((path, response) => {
      if (path.includes("bad")) response.writeHead(500).end();
      else response.writeHead(200).end(path);
    });
    const bad = Array.from({ length: 50 }, (_, at) => `${server.url}/bad-${at}.jpg`);
    const events: string[] = [];
    const report = await ingest([...urls(server, 100), ...bad], ({ kind }) => void (kind.startsWith("outage") && events.push(kind)));
    assert.deepEqual([report.ended, report.stored, report.failed, report.deadLetters], ["completed", 100, 50, 50]);
    assert.deepEqual(events, []);
  });

  test("is not what a server has that never sent an image: its images fail, and those of others are stored", async () => {
    await using server = await AwayServer.start((path, response) => void response.writeHead(200).end(path));
    const dead = Array.from({ length: 50 }, (_, at) => `http://127.0.0.1:9/${at}.jpg`);
    const report = await ingest([...dead, ...urls(server, 50)]);
    assert.deepEqual([report.ended, report.stored, report.failed, report.deadLetters], ["completed", 50, 50, 50]);
  });

  test("of one of two servers fails no image, and the images of the other are stored meanwhile", async () => {
    await using there = await AwayServer.start((path, response) => void response.writeHead(200).end(path));
    await using away = await AwayServer.start((path, response) => {
      response.writeHead(200).end(path);
      if (away.sent.length === 50) away.leave("refuses connections");
    });
    const waiting = [`${away.url}/waits-1.jpg`, `${away.url}/waits-2.jpg`];
    const paths = [...urls(there, 20), ...urls(away, 50), ...waiting, ...urls(there, images, "others")];
    let storedOfOther = 0;
    const onOutcome = ({ kind, facts }: Outcome) => {
      if (kind !== "stored" || !facts.source.includes("others")) return;
      storedOfOther += 1;
      // The images that wait are the last: the run cannot end without them.
      if (storedOfOther === images) void away.comeBack();
    };
    const report = await ingest(paths, undefined, { preprocess: { numWorkers: 4 } }, onOutcome);
    const all = 20 + 50 + waiting.length + images;
    assert.deepEqual([report.ended, report.stored, report.failed], ["completed", all, 0]);
  });
});

function urls({ url }: AwayServer, count: number, name = "photos"): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${url}/${name}-${at}.jpg`);
}

async function ingest(
  paths: readonly string[],
  observer?: (event: RunEvent) => void,
  settings: ConstructorParameters<typeof ServiceConfig>[0] = {},
  onOutcome?: (outcome: Outcome) => void,
): Promise<InsertStats> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-outage-"));
  try {
    const http = { maxRetries: 1, retryDelay: 0.01 };
    const config = new ServiceConfig({ lancedb: { path: folder }, http, ...settings });
    await using pipeline = await ImageEmbeddingPipeline.open(config, { own: { decoder: memoryDecoder(), embedder: memoryEmbedder() } });
    const run = await pipeline.ingest({
      inputs: listInputs({ paths }),
      collectionName: "photos",
      schedule: "overlapped",
      ...(observer === undefined ? {} : { observer }),
      ...(onOutcome === undefined ? {} : { onOutcome }),
    });
    return await run.done;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
