/** Buckets against a server on loopback that misbehaves: copies that break off, an outage, and credentials that expire. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { s3Reader } from "../../src/adapters/s3/index.js";
import { ImageEmbeddingPipeline, type InsertStats, listInputs, ServiceConfig } from "../../src/app/index.js";
import { type CopyTarget, HeadraceError, type ImageRef, type RunEvent } from "../../src/contracts/index.js";

type Handler = (request: IncomingMessage, response: ServerResponse, calls: number) => void;

const never = new AbortController().signal;
const etag = '"1"';
const content = Buffer.from(Array.from({ length: 30_000 }, (_, at) => at % 251));

test("a caller with little memory is asked for the size of an object before it arrives, and may refuse it", async () => {
  await using server = await bucketServer((_, response) => send(response, 200, content));
  const reader = s3Reader({ ...server.settings, maxRetries: 0 });
  try {
    const asked: number[] = [];
    const admit = async (bytes: number): Promise<void> => void asked.push(bytes);
    const { bytes } = await reader.read(objectRef(), { maxBytes: 1_000_000, admit }, never);
    assert.ok(content.equals(bytes));
    assert.deepEqual(asked, [content.length]);
    const refused = () => Promise.reject(new HeadraceError("aborted", "the caller stopped"));
    await assert.rejects(reader.read(objectRef(), { maxBytes: 1_000_000, admit: refused }, never), { code: "aborted" });
  } finally {
    await reader.close?.();
  }
});

describe("a copy of an object", () => {
  test("begins again when the server ignores that only the rest was asked for", async () => {
    const { bytes, ranges } = await copied((_, response, calls) => send(response, 200, content, calls === 1 ? 10_000 : undefined));
    assert.deepEqual(ranges, [undefined, "bytes=10000-"]);
    assert.ok(bytes.equals(content));
  });

  test("begins again when the server sends another part than the rest", async () => {
    const { bytes, ranges } = await copied(({ headers }, response, calls) => {
      if (headers.range === undefined) send(response, 200, content, calls === 1 ? 10_000 : undefined);
      else send(response, 206, content.subarray(5_000), undefined, { "content-range": `bytes 5000-29999/30000` });
    });
    assert.deepEqual(ranges, [undefined, "bytes=10000-", undefined]);
    assert.ok(bytes.equals(content));
  });

  test("asks for what is missing when the rest ends too early", async () => {
    const { bytes, ranges } = await copied(({ headers }, response, calls) => {
      const from = startOf(headers.range);
      if (from === 0) send(response, 200, content, 10_000);
      else send(response, 206, content.subarray(from, calls === 2 ? 20_000 : undefined), undefined, rangeOf(from));
    });
    assert.deepEqual(ranges, [undefined, "bytes=10000-", "bytes=20000-"]);
    assert.ok(bytes.equals(content));
  });

  test("does not fail by breaks as long as each part brings something, and fails when they bring nothing", async () => {
    const { bytes, ranges } = await copied(({ headers }, response) => {
      const from = startOf(headers.range);
      if (from === 0) send(response, 200, content, 6_000);
      else send(response, 206, content.subarray(from), 6_000, rangeOf(from));
    });
    assert.equal(ranges.length, 5);
    assert.ok(bytes.equals(content));
    const stuck = copied(({ headers }, response) => {
      const from = startOf(headers.range);
      if (from === 0) send(response, 200, content, 6_000);
      else response.socket?.destroy();
    });
    await assert.rejects(stuck, { scope: "item", retryable: false, message: /socket hang up/ });
  });
});

describe("a bucket", () => {
  test("that answers SlowDown to everything for a while leaves no dead letter", async () => {
    let isBusy = false;
    let sent = 0;
    const events: string[] = [];
    const report = await ingest(
      (_, response) => {
        if (isBusy) return refuse(response, 503, "SlowDown");
        sent += 1;
        isBusy = sent === 50;
        send(response, 200, Buffer.from(`picture ${sent}`));
      },
      ({ kind }) => {
        if (!kind.startsWith("outage")) return;
        events.push(kind);
        isBusy = false;
      },
    );
    assert.deepEqual([report.ended, report.stored, report.failed, report.deadLetters], ["completed", 100, 0, 0]);
    assert.deepEqual([events[0], events.at(-1)], ["outage-started", "outage-ended"]);
  });

  test("whose credentials expire ends the run with one clear error, and no dead letter", async () => {
    let sent = 0;
    const report = await ingest((_, response) => {
      sent += 1;
      if (sent > 50) refuse(response, 400, "ExpiredToken");
      else send(response, 200, Buffer.from(`picture ${sent}`));
    });
    assert.deepEqual([report.ended, report.error?.code, report.failed, report.deadLetters], ["failed", "source_forbidden", 0, 0]);
    assert.match(report.error?.message ?? "", /expected credentials that the server accepts, found ExpiredToken/);
  });
});

function startOf(range: string | undefined): number {
  return Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
}

function rangeOf(from: number): Readonly<Record<string, string>> {
  return { "content-range": `bytes ${from}-${content.byteLength - 1}/${content.byteLength}` };
}

/** `breaksAfter`: the connection is lost after this many bytes of the body. */
function send(
  response: ServerResponse,
  status: number,
  body: Buffer,
  breaksAfter?: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { etag, "content-length": body.byteLength, ...headers });
  if (breaksAfter === undefined || breaksAfter >= body.byteLength) response.end(body);
  else response.write(body.subarray(0, breaksAfter), () => response.socket?.destroy());
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>planted</Message></Error>`);
}

async function bucketServer(handler: Handler) {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    handler(request, response, ranges.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    settings: { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, region: "x", anonymous: true },
    ranges,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function copied(handler: Handler): Promise<{ readonly bytes: Buffer; readonly ranges: readonly (string | undefined)[] }> {
  await using server = await bucketServer(handler);
  const reader = s3Reader({ ...server.settings, maxRetries: 2 });
  let bytes = Buffer.alloc(0);
  const target: CopyTarget = {
    get writtenBytes() {
      return bytes.byteLength;
    },
    begin: async () => {
      bytes = Buffer.alloc(0);
    },
    write: async (more) => {
      bytes = Buffer.concat([bytes, more]);
    },
  };
  try {
    const copy = await reader.copy?.(objectRef(), target, { storedVersion: null, storedSizeBytes: null, timeoutMs: 30_000 }, never);
    assert.deepEqual(copy, { version: etag, sizeBytes: content.byteLength });
    return { bytes, ranges: server.ranges };
  } finally {
    await reader.close?.();
  }
}

function objectRef(): ImageRef {
  const uri = "s3://photos/long.tar";
  return { uri, location: uri, scheme: "s3", root: uri, version: null, sizeBytes: null, metadata: null };
}

/** Ingests 100 objects. */
async function ingest(handler: Handler, observer?: (event: RunEvent) => void): Promise<InsertStats> {
  await using server = await bucketServer(handler);
  const folder = await mkdtemp(join(tmpdir(), "headrace-bucket-"));
  try {
    const manifest = join(folder, "m.jsonl");
    await writeFile(manifest, Array.from({ length: 100 }, (_, at) => JSON.stringify({ input: `s3://photos/${at}.jpg` })).join("\n"));
    const config = new ServiceConfig({ lancedb: { path: join(folder, "data") }, s3: { ...server.settings, maxRetries: 0 } });
    await using pipeline = await ImageEmbeddingPipeline.open(config, { own: { decoder: memoryDecoder(), embedder: memoryEmbedder() } });
    const run = await pipeline.ingest({
      inputs: listInputs({ paths: [], manifest }),
      collectionName: "photos",
      schedule: "overlapped",
      ...(observer === undefined ? {} : { observer }),
    });
    return await run.done;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
