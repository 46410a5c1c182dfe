/** The service and the queue of the Compose files have keys, a health check and no rights that they do not need. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { ServiceConfig } from "../../src/app/index.js";
import { freePorts, startProcess, waitUntil } from "../support/services/process.js";
import { composeServices } from "./compose.js";
import { podOf } from "./kubernetes.js";

const { serve } = composeServices("compose.yaml");
const { redis, worker, distribute } = composeServices("deploy/compose.fleet.yaml");
const key = "a-key-of-this-test-0123456789";

describe("the service of compose.yaml", () => {
  it("has no more rights than the pod of deploy/kubernetes, and writes only beside its read-only root", () => {
    for (const service of [serve, redis]) {
      assert.deepEqual([service?.read_only, service?.cap_drop, service?.tmpfs], [true, ["ALL"], ["/tmp"]]);
      assert.deepEqual(service?.security_opt, ["no-new-privileges:true"]);
    }
    const writable = (serve?.volumes ?? []).filter((volume) => !volume.endsWith(":ro"));
    assert.deepEqual(writable, ["headrace:/data"]);
    assert.equal(serve?.environment?.["HEADRACE_LANCEDB__PATH"], "/data");
    assert.ok(
      serve?.ports?.every((port) => port.startsWith("127.0.0.1:")),
      "other machines do not reach it",
    );
    assert.deepEqual(serve?.secrets, ["keys"]);
  });

  it("gives the service longer to end than it takes to drain", async () => {
    const { server } = (await ServiceConfig.fromYaml("config/servers.yaml")).settings();
    assert.ok(Number.parseInt(serve?.stop_grace_period ?? "0", 10) > server.drainTimeout);
  });

  it("starts with its command and its settings, answers its health check, and wants a key", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "headrace-compose-"));
    const [port = 0] = await freePorts(1);
    const keysFile = join(folder, "keys");
    writeFileSync(keysFile, `search-page read ${key}\n`);
    // The values of the file, with a port, a folder and keys of this test.
    const moved = { HEADRACE_LANCEDB__PATH: folder, HEADRACE_SERVER__KEYS_FILE: keysFile, HEADRACE_SERVER__PORT: String(port) };
    assert.deepEqual(
      Object.keys(serve?.environment ?? {}).filter((name) => name in moved),
      Object.keys(moved).slice(0, 2),
    );
    const args = [serve?.command ?? []].flat().map((arg) => arg.replace("/etc/headrace/", `${resolve("config")}/`));
    const server = startProcess({
      command: process.execPath,
      args: [resolve("dist", "cli", "main.js"), ...args],
      env: { ...serve?.environment, ...moved },
      cwd: folder,
      logFile: join(folder, "log"),
    });
    try {
      const url = `http://127.0.0.1:${port}`;
      const check = serve?.healthcheck?.test.slice(1).map((part) => part.replace("/opt/headrace", resolve("scripts"))) ?? [];
      const [program = "", ...script] = check;
      assert.equal(program, "node");
      const asked = () => promisify(execFile)(process.execPath, [...script, String(server.pid)], { env: { ...process.env, ...moved } });
      const isHealthy = () => asked().then(() => true);
      await waitUntil("the health check passes", isHealthy, { timeoutMs: 30_000, alive: () => server.isAlive() });
      assert.equal((await fetch(`${url}/v1/jobs`)).status, 401);
      assert.equal((await fetch(`${url}/v1/jobs`, { headers: { authorization: `Bearer ${key}` } })).status, 200);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("the queue of deploy/compose.fleet.yaml", () => {
  it("has the command of deploy/kubernetes, and no start without a password", () => {
    const lines = (command: readonly string[]): readonly string[] => command.flatMap((part) => part.trim().split(/\s*\n\s*/));
    const own = lines([redis?.command ?? []].flat().map((part) => part.replaceAll("$$", "$")));
    assert.deepEqual(own, lines(podOf("queue").container.command ?? []));
    assert.match(redis?.environment?.["QUEUE_PASSWORD"] ?? "", /^\$\{QUEUE_PASSWORD:\?.+\}$/);
    for (const service of [worker, distribute]) {
      assert.match(service?.environment?.["REDIS_URL"] ?? "", /^redis:\/\/:\$\{QUEUE_PASSWORD:\?\}@redis:6379$/);
    }
    assert.ok(Number.parseInt(redis?.user ?? "0", 10) > 0, "it does not run as root");
  });
});
