/** Spans of requests, runs and batches, as a collector gets them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ReceivedSpan, TraceCollector } from "../support/trace-collector.js";
import { base64, damaged, TestServer } from "./running.js";

const images = "/v1/collections/pets/images";

/** The only span with this name. */
function only(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name);
  assert.equal(found.length, 1, `${name}: ${spans.map((span) => span.name).join(", ")}`);
  return found[0]!;
}

const below = (spans: readonly ReceivedSpan[], parent: ReceivedSpan) => spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId);

test("a request, the run that it starts and the batches of its stages are one trace, below the span of the client", async () => {
  await using collector = await TraceCollector.start();
  await using server = await TestServer.start({ server: { otlpEndpoint: `${collector.url}/` } });
  await server.post("/v1/collections", { name: "pets" });
  const [traceId, client] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
  const headers = { traceparent: `00-${traceId}-${client}-01`, "x-request-id": "insert-1", "user-agent": "a-client" };
  const inserted = await server.post(images, { images: [1, 2].map((value) => ({ base64: base64(value) })) }, headers);
  assert.equal(inserted.body.stored, 2);
  await server.stop();

  const spans = collector.spans.filter((span) => span.traceId === traceId);
  const request = only(spans, "POST /v1/collections/{name}/images");
  assert.deepEqual([request.kind, request.parentSpanId, request.isError], ["server", client, false]);
  const { hostname, port } = new URL(server.url);
  const { "client.address": address, ...attributes } = request.attributes;
  assert.equal(address, "127.0.0.1");
  assert.deepEqual(attributes, {
    "headrace.request.id": "insert-1",
    "http.request.method": "POST",
    "http.route": "/v1/collections/{name}/images",
    "http.response.status_code": 200,
    "url.path": images,
    "url.scheme": "http",
    "server.address": hostname,
    "server.port": Number(port),
    "user_agent.original": "a-client",
  });
  assert.equal(request.resource["service.name"], "headrace");
  assert.match(String(request.resource["service.version"]), /^\d+\./);

  const run = only(spans, "ingest pets");
  assert.deepEqual([run.kind, run.parentSpanId], ["internal", request.spanId]);
  assert.deepEqual([run.attributes["headrace.items.stored"], run.attributes["headrace.run.ended"]], [2, "completed"]);
  const batches = below(spans, run);
  assert.ok(["read", "decode", "embed"].every((stage) => batches.some(({ name }) => name === stage)));
  const embedded = batches.filter(({ name }) => name === "embed");
  assert.equal(
    embedded.reduce((sum, span) => sum + Number(span.attributes["headrace.batch.items"]), 0),
    2,
  );
  assert.ok(batches.every(({ attributes: { "headrace.run.id": id } }) => id === run.attributes["headrace.run.id"]));
  assert.ok(batches.every(({ startMs, endMs }) => startMs <= endMs));
  const writes = batches.filter(({ name }) => name === "upsert pets");
  assert.ok(writes.length > 0);
  for (const { kind, attributes: found } of writes) {
    assert.equal(kind, "client");
    assert.deepEqual([found["db.system.name"], found["db.operation.name"], found["db.collection.name"]], ["lancedb", "upsert", "pets"]);
    assert.equal(found["db.operation.batch.size"], found["headrace.batch.items"] === 1 ? undefined : found["headrace.batch.items"]);
  }

  const line = server.logged.find(({ event, request_id: id }) => event === "request" && id === "insert-1");
  assert.deepEqual([line?.["trace_id"], line?.["span_id"]], [traceId, request.spanId]);
});

test("a job has the trace of the request that started it, and the log names both", async () => {
  await using collector = await TraceCollector.start();
  await using server = await TestServer.start({ server: { otlpEndpoint: collector.url } });
  await server.post("/v1/collections", { name: "pets" });
  const { body } = await server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(1) }, { base64: damaged }] });
  await (await fetch(`${server.url}/v1/jobs/${body.id}/events`)).text();
  await server.stop();
  const request = only(collector.spans, "POST /v1/jobs");
  const run = only(collector.spans, "ingest pets");
  assert.deepEqual([run.traceId, run.parentSpanId], [request.traceId, request.spanId]);
  assert.equal(run.attributes["headrace.job.id"], body.id);
  assert.deepEqual([run.attributes["headrace.items.stored"], run.attributes["headrace.items.failed"]], [1, 1]);
  const line = server.logged.find(({ event }) => event === "job started");
  assert.deepEqual([line?.["run"], line?.["trace_id"]], [run.attributes["headrace.run.id"], run.traceId]);
});

test("a run that several requests share is below the first and linked to the others", async () => {
  const gate = new EventTarget();
  const opened = new Promise((resolve) => gate.addEventListener("open", resolve, { once: true }));
  const entered = new Promise((resolve) => gate.addEventListener("entered", resolve, { once: true }));
  let isHeld = false;
  const work = async (): Promise<void> => {
    if (!isHeld) return;
    gate.dispatchEvent(new Event("entered"));
    await opened;
  };
  await using collector = await TraceCollector.start();
  await using server = await TestServer.start({ embedder: { work }, server: { otlpEndpoint: collector.url } });
  await server.post("/v1/collections", { name: "pets" });
  await server.post(images, { images: [{ base64: base64(1) }] });
  isHeld = true;
  const insert = (value: number) => server.post(images, { images: [{ base64: base64(value) }] }, { "x-request-id": `insert-${value}` });
  const first = insert(2);
  await entered;
  const others = [insert(3), insert(4)];
  // Both must wait when the first one ends.
  while (Number(/^headrace_open_requests (\d+)/m.exec((await server.get("/metrics")).body)?.[1]) < 4) await server.get("/health/live");
  gate.dispatchEvent(new Event("open"));
  await Promise.all([first, ...others]);
  await server.stop();
  const requestOf = (value: number) =>
    collector.spans.find(({ attributes }) => attributes["headrace.request.id"] === `insert-${value}`)?.spanId;
  const shared = collector.spans.find(({ links }) => links.length > 0);
  assert.deepEqual([shared?.parentSpanId, shared?.links].flat().sort(), [requestOf(3), requestOf(4)].sort());
});

test("a failed request is an error with its code, a refused one is not; probes and scrapes have no spans", async () => {
  const readers = [
    {
      name: "broken",
      schemes: ["http"],
      read: async () => {
        throw new TypeError("a defect");
      },
    },
  ];
  await using collector = await TraceCollector.start();
  await using server = await TestServer.start({ readers, server: { otlpEndpoint: collector.url } });
  await server.get("/health/live");
  await server.get("/metrics");
  await server.get("/nowhere");
  assert.equal((await server.get("/v1/collections/none")).status, 404);
  await server.post("/v1/collections", { name: "pets" });
  assert.equal((await server.post("/v1/collections/pets/search", { url: "http://127.0.0.1/a.jpg" })).status, 500);
  await server.stop();
  const refused = only(collector.spans, "GET /v1/collections/{name}");
  assert.deepEqual([refused.isError, refused.attributes["error.type"]], [false, "collection_not_found"]);
  const failed = only(collector.spans, "POST /v1/collections/{name}/search");
  assert.deepEqual([failed.isError, failed.attributes["error.type"]], [true, "unexpected"]);
  assert.equal(collector.spans.length, 3);
});

test("a collector that refuses spans is in the log once, and stops nothing", async () => {
  await using collector = await TraceCollector.start(400);
  await using server = await TestServer.start({ server: { otlpEndpoint: collector.url } });
  assert.equal((await server.post("/v1/collections", { name: "pets" })).status, 201);
  await server.stop();
  assert.ok(collector.requests > 0);
  assert.equal(server.logged.filter(({ event }) => event === "traces lost").length, 1);
});

test("without an address there are no traces", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  const line = server.logged.find(({ event }) => event === "request");
  assert.equal(line !== undefined && "trace_id" in line, false);
});
