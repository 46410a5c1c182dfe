/** Readiness, failures of the parts behind the server, and how it stops. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { ImageEmbeddingPipeline } from "../../src/app/index.js";
import { HeadraceError } from "../../src/contracts/index.js";
import { createLog, type Log, warmUp } from "../../src/server/index.js";
import { base64, TestServer } from "./running.js";

/** Work of the embedder that waits until the test lets it go, from `arm` on. */
class Gate {
  readonly #events = new EventTarget();
  #open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });
  /** Resolves when the work is aborted. */
  readonly aborted = once(this.#events, "aborted");
  readonly entered = once(this.#events, "entered");

  #isArmed = false;

  readonly work = async (_rows: number, signal: AbortSignal): Promise<void> => {
    if (!this.#isArmed) return;
    this.#events.dispatchEvent(new Event("entered"));
    const aborted = new Promise<void>((_, reject) => {
      const onAbort = (): void => {
        this.#events.dispatchEvent(new Event("aborted"));
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", onAbort, { once: true });
    });
    await Promise.race([this.#opened, aborted]);
  };

  /** The first search also checks the model, in work that all requests share and none can abort. So it is made before. */
  async arm(server: TestServer): Promise<void> {
    await server.post("/v1/collections", { name: "pets" });
    assert.equal((await server.post("/v1/collections/pets/search", { base64: base64(1) })).status, 200);
    this.#isArmed = true;
  }

  open(): void {
    this.#open();
  }
}

test("the server is ready while an inference and a query succeed, and lives without them", async () => {
  let isAway = false;
  const work = async (): Promise<void> => {
    if (isAway) throw new HeadraceError("embedder_unavailable", "triton.internal:8000 does not answer");
  };
  await using server = await TestServer.start({ embedder: { work } });
  await server.post("/v1/collections", { name: "pets" });
  await server.post("/v1/collections/pets/images", { images: [{ base64: base64(1) }] });
  isAway = true;
  const { status, body, headers } = await server.get("/health/ready");
  assert.deepEqual([status, body.ready, headers.get("retry-after")], [503, false, "1"]);
  assert.deepEqual(body.parts, [
    { name: "embedder", kind: "onnx", ok: false, code: "embedder_unavailable" },
    { name: "store", kind: "lancedb", ok: true, code: null },
  ]);
  assert.equal((await server.get("/health/live")).status, 200);
  const search = await server.post("/v1/collections/pets/search", { base64: base64(1) });
  assert.deepEqual([search.status, search.body.code], [424, "embedder_unavailable"]);
  assert.ok(!JSON.stringify(search.body).includes("triton.internal"), "the address is only for the log");
  assert.ok(server.logged.some(({ event, message }) => event === "failure" && /triton\.internal/.test(String(message))));
});

test("an unknown error is answered with its code alone; the log has its message and stack", async () => {
  const work = async (): Promise<void> => {
    throw new RangeError("secret detail");
  };
  await using server = await TestServer.start({ embedder: { work } });
  await server.post("/v1/collections", { name: "pets" });
  const { status, body } = await server.post("/v1/collections/pets/search", { base64: base64(1) });
  assert.deepEqual([status, body.code], [500, "unexpected"]);
  assert.ok(!JSON.stringify(body).includes("secret detail"));
  assert.ok(server.logged.some(({ event, stack }) => event === "failure" && /secret detail/.test(String(stack))));
  assert.equal((await server.get("/health/live")).status, 200);
});

test("a stop finishes the open request and takes no new one", { timeout: 10_000 }, async () => {
  const gate = new Gate();
  await using server = await TestServer.start({ embedder: { work: gate.work } });
  await gate.arm(server);
  const open = server.post("/v1/collections/pets/search", { base64: base64(1) });
  await gate.entered;
  const stopped = server.stop();
  await assert.rejects(server.get("/health/live"), "the port is closed");
  gate.open();
  assert.equal((await open).status, 200);
  await stopped;
});

test("a stop whose time is over aborts the open request", { timeout: 10_000 }, async () => {
  const gate = new Gate();
  await using server = await TestServer.start({ server: { drainTimeout: 0.05 }, embedder: { work: gate.work } });
  await gate.arm(server);
  const open = server.post("/v1/collections/pets/search", { base64: base64(1) }).then(
    ({ status }) => status,
    () => "closed",
  );
  await gate.entered;
  await server.stop();
  assert.ok([503, "closed"].includes(await open));
});

test("the work for a client that has gone away is aborted", { timeout: 10_000 }, async () => {
  const gate = new Gate();
  await using server = await TestServer.start({ embedder: { work: gate.work } });
  await gate.arm(server);
  const { hostname, port } = new URL(server.url);
  const client = connect(Number(port), hostname);
  const body = JSON.stringify({ base64: base64(1) });
  const head = "POST /v1/collections/pets/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
  client.write(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await gate.entered;
  client.destroy();
  await gate.aborted;
  await server.stop();
  assert.ok(server.logged.some(({ event, status, code }) => event === "request" && status === 499 && code === "client_gone"));
});

test("log lines are JSON, or text for people, from the configured level on", async () => {
  const stream = new PassThrough();
  createLog({ level: "info", format: "auto", stream })("debug", "hidden");
  createLog({ level: "info", format: "auto", stream })("warn", "request", { status: 429, key: null });
  createLog({ level: "info", format: "text", stream })("info", "request", { path: "/a b", status: 200, key: null });
  stream.end();
  const [json = "", line = "", ...more] = (await text(stream)).trimEnd().split("\n");
  const { time, ...facts } = JSON.parse(json) as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(facts, { level: "warn", event: "request", status: 429, key: null });
  assert.match(line, /^\S+ INFO {2}request path="\/a b" status=200$/);
  assert.deepEqual(more, []);
});

test("a start waits for servers that are not there yet: the log says which, and when they work", async () => {
  const lines: string[] = [];
  const log = (_level: string, event: string, { part = "" }: { readonly part?: string } = {}): void =>
    void lines.push(`${event} ${part}`.trim());
  let checks = 0;
  const health = async () => {
    checks += 1;
    const away = { name: "embedder", kind: "triton", ok: checks > 3, detail: "triton:8000 does not answer", hint: null };
    return { ok: checks > 3, parts: [away, { name: "store", kind: "lancedb", ok: true, detail: "works", hint: null }] };
  };
  await warmUp({ pipeline: { health } as never, log: log as Log, signal: new AbortController().signal, firstPauseMs: 1 });
  const expected = [
    "part fails embedder",
    "part works store",
    "part fails embedder",
    "part fails embedder",
    "part works embedder",
    "ready",
  ];
  assert.deepEqual(lines, expected);
});

test("a stop ends the wait for servers", async () => {
  const stopping = new AbortController();
  const health = async () => {
    stopping.abort();
    return { ok: false, parts: [] };
  };
  await warmUp({ pipeline: { health } as never, log: () => undefined, signal: stopping.signal, firstPauseMs: 60_000 });
});

test("a job waits for a model that is not there when it begins", async () => {
  let attempts = 0;
  const wrap = (pipeline: ImageEmbeddingPipeline): ImageEmbeddingPipeline =>
    new Proxy(pipeline, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name === "ingest" && ++attempts < 3) {
          return () => Promise.reject(new HeadraceError("embedder_unavailable", "triton:8000 does not answer"));
        }
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  await using server = await TestServer.start({ wrap });
  await server.post("/v1/collections", { name: "pets" });
  const { body } = await server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(1) }] });
  await (await fetch(`${server.url}/v1/jobs/${body.id}/events`)).text();
  const job = (await server.get(`/v1/jobs/${body.id}`)).body;
  assert.deepEqual([job.state, job.counts.stored], ["completed", 1]);
  assert.deepEqual(
    server.logged.filter(({ event }) => event === "job waits").map(({ code }) => code),
    ["embedder_unavailable", "embedder_unavailable"],
  );
});
