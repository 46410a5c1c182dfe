/** What Prometheus reads from a server, and the dashboard that shows it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { installPromtool } from "../support/services/promtool.js";
import { skipUnless } from "../support/services/required.js";
import { base64, damaged, TestServer } from "./running.js";

/** A server that has inserted, searched, refused and run a job. */
async function usedServer(): Promise<TestServer> {
  const server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  await server.post("/v1/collections/pets/images", { images: [{ base64: base64(1) }, { base64: damaged }] });
  await server.post("/v1/collections/pets/search", { base64: base64(1) });
  await server.get("/nowhere");
  const { body } = await server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(2) }, { base64: base64(1) }] });
  await (await fetch(`${server.url}/v1/jobs/${body.id}/events`)).text();
  return server;
}

async function metricsOf(server: TestServer): Promise<string> {
  const response = await fetch(`${server.url}/metrics`);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  return response.text();
}

/** Returns the value of a series; null if there is none. */
function seriesValue(metrics: string, series: string): number | null {
  const line = metrics.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

test("images count once by outcome and code, whether a request or a job brought them", async () => {
  await using server = await usedServer();
  const metrics = await metricsOf(server);
  const count = (outcome: string, code = "") => seriesValue(metrics, `headrace_items_total{outcome="${outcome}",code="${code}"}`);
  assert.equal(count("failed", "image_corrupt"), 1);
  assert.equal((count("stored") ?? 0) + (count("skipped") ?? 0), 3);
  assert.equal(seriesValue(metrics, 'headrace_jobs{state="completed"}'), 1);
  assert.equal(seriesValue(metrics, "headrace_runs"), 0);
  assert.ok((seriesValue(metrics, 'headrace_batch_items_sum{stage="embed"}') ?? 0) >= 2);
  assert.ok((seriesValue(metrics, 'headrace_stage_seconds_total{stage="store",activity="busy"}') ?? 0) > 0);
});

test("requests are timed by route, never by path, so that the number of series stays bounded", async () => {
  await using server = await usedServer();
  for (let at = 0; at < 50; at += 1) await server.get(`/v1/collections/none_${at}`);
  const metrics = await metricsOf(server);
  const route = "/v1/collections/{name}";
  assert.equal(seriesValue(metrics, `headrace_request_duration_seconds_count{method="GET",route="${route}",status="404"}`), 50);
  assert.equal(seriesValue(metrics, 'headrace_request_duration_seconds_count{method="GET",route="",status="404"}'), 1);
  assert.doesNotMatch(metrics, /none_\d/);
  assert.equal(seriesValue(metrics, "headrace_open_requests"), 1, "the request for the metrics itself");
});

test("while a job runs, its times grow and its queues are shown; a worker that hangs is not healthy", { timeout: 60_000 }, async () => {
  const gate = new EventTarget();
  let isHeld = false;
  const entered = new Promise((resolve) => gate.addEventListener("entered", resolve, { once: true }));
  const opened = new Promise((resolve) => gate.addEventListener("open", resolve, { once: true }));
  const work = async (): Promise<void> => {
    if (!isHeld) return;
    gate.dispatchEvent(new Event("entered"));
    await opened;
  };
  await using server = await TestServer.start({ embedder: { work }, server: { stallTimeout: 0.05 } });
  await server.post("/v1/collections", { name: "pets" });
  await server.post("/v1/collections/pets/images", { images: [{ base64: base64(1) }] });
  isHeld = true;
  const images = Array.from({ length: 100 }, (_, at) => ({ base64: base64(at + 2) }));
  const { body } = await server.post("/v1/jobs", { collection: "pets", images });
  await entered;
  const busy = async () => seriesValue(await metricsOf(server), 'headrace_stage_seconds_total{stage="embed",activity="busy"}') ?? 0;
  const before = await busy();
  let metrics = "";
  let live: Awaited<ReturnType<typeof server.get>>;
  const stalled = () => ((live.body.stalled ?? []) as { job: string; stage: string }[]).filter(({ stage }) => stage === "embed");
  // The embedder does not come back: sooner or later, this must be seen. On a busy machine, other workers may be late too.
  do {
    metrics = await metricsOf(server);
    live = await server.get("/health/live");
  } while (stalled().length === 0);
  assert.deepEqual([live.status, live.body.live], [503, false]);
  assert.equal(stalled()[0]?.job, body.id);
  assert.equal(seriesValue(metrics, "headrace_runs"), 1);
  assert.ok((seriesValue(metrics, 'headrace_queue_limit_items{stage="embed"}') ?? 0) > 0);
  assert.ok((await busy()) > before);
  gate.dispatchEvent(new Event("open"));
  await (await fetch(`${server.url}/v1/jobs/${body.id}/events`)).text();
  assert.equal((await server.get("/health/live")).status, 200);
  assert.equal(seriesValue(await metricsOf(server), "headrace_runs"), 0);
});

test("metrics need a key where other requests do", async () => {
  await using server = await TestServer.start({ server: { keys: [{ name: "all", apiKey: "everything-0123456789", scopes: ["read"] }] } });
  assert.equal((await server.get("/metrics")).status, 401);
});

let promtool = "";
const install = async (): Promise<void> => {
  promtool = await installPromtool();
};
test("promtool finds nothing wrong with names, units and format", { skip: await skipUnless("promtool", install) }, async () => {
  await using server = await usedServer();
  const tool = spawn(promtool, ["check", "metrics"], { stdio: ["pipe", "pipe", "pipe"] });
  tool.stdin.end(await metricsOf(server));
  const [out, error, [code]] = await Promise.all([text(tool.stdout), text(tool.stderr), once(tool, "close")]);
  assert.deepEqual([out, error, code], ["", "", 0]);
});

test("each metric of the Grafana dashboard exists", async () => {
  await using server = await usedServer();
  const known = new Set([...(await metricsOf(server)).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const dashboard = JSON.parse(readFileSync("deploy/grafana/headrace.json", "utf8")) as {
    readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
  };
  const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  assert.ok(expressions.length >= 10);
  const named = expressions.flatMap((expr) => [...expr.matchAll(/\b(?:headrace|process|nodejs)_\w+/g)].map(([name]) => name));
  const unknown = named.filter((name) => !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, "")));
  assert.deepEqual(unknown, []);
});
