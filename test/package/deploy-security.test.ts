/** Pods of deploy/kubernetes have no more rights than they need, and the queues there and of Compose answer nobody without their password. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { freePorts, waitUntil } from "../support/services/process.js";
import { installRedis } from "../support/services/redis.js";
import { skipUnless } from "../support/services/required.js";
import { composeServices } from "./compose.js";
import { folder, podOf, pods, resources } from "./kubernetes.js";

const noRedis = await skipUnless("Redis", installRedis);

describe("deploy/kubernetes", () => {
  it("lets no container run as root, gain rights, or write beside its volumes", () => {
    assert.deepEqual(pods.map(({ name }) => name).sort(), ["distribute", "queue", "serve", "worker"]);
    for (const { name, securityContext, automountServiceAccountToken, containers } of pods) {
      const { runAsUser, ...others } = securityContext ?? {};
      assert.ok((runAsUser ?? 0) > 0, name);
      assert.deepEqual(others, { runAsNonRoot: true, runAsGroup: 1000, fsGroup: 1000, seccompProfile: { type: "RuntimeDefault" } }, name);
      assert.equal(automountServiceAccountToken, false, name);
      for (const container of containers) {
        const expected = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };
        assert.deepEqual(container.securityContext, expected, name);
        const writable = (container.volumeMounts ?? []).filter(({ readOnly }) => readOnly !== true).map(({ mountPath }) => mountPath);
        assert.deepEqual(writable.sort(), ["/data", "/tmp"], name);
      }
    }
  });

  it("mounts only volumes that the pod has", () => {
    for (const { name, containers, volumes = [] } of pods) {
      const claimed =
        resources.find(({ metadata, kind }) => metadata.name === name && kind === "StatefulSet")?.spec?.volumeClaimTemplates ?? [];
      const there = [...volumes.map((volume) => volume.name), ...claimed.map(({ metadata }) => metadata.name)];
      for (const { volumeMounts = [] } of containers) {
        assert.deepEqual(
          volumeMounts.map((mount) => mount.name).filter((mount) => !there.includes(mount)),
          [],
          name,
        );
      }
    }
  });

  it("closes the network to all pods, and opens it for pods that there are", () => {
    const policies = resources.filter(({ kind }) => kind === "NetworkPolicy");
    const ofAll = policies.find(({ spec }) => Object.keys(spec?.podSelector ?? { none: null }).length === 0);
    assert.deepEqual(ofAll?.spec, { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    const selected = policies.flatMap(({ spec }) => [
      spec?.podSelector?.matchLabels,
      ...(spec?.ingress ?? []).flatMap(({ from = [] }) => from.map(({ podSelector }) => podSelector?.matchLabels)),
    ]);
    const budgets = resources.filter(({ kind }) => kind === "PodDisruptionBudget").map(({ spec }) => spec?.selector?.matchLabels);
    assert.equal(budgets.length, 1);
    for (const labels of [...selected, ...budgets].filter((each) => each !== undefined)) {
      const matching = pods.filter((pod) => Object.entries(labels).every(([key, value]) => pod.labels[key] === value));
      assert.ok(matching.length > 0, JSON.stringify(labels));
    }
    // Whoever has the password of the queue reaches it, and nobody else does.
    for (const { name, labels, containers } of pods) {
      const isClient = containers.some(({ env = [] }) => env.some((each) => each.name === "REDIS_URL"));
      assert.equal(labels["queue"] === "client", isClient, name);
    }
  });

  it("takes every password from a Secret, and says how each Secret is made", () => {
    const [password, url] = podOf("worker").container.env ?? [];
    assert.deepEqual(password?.valueFrom?.secretKeyRef, { name: "queue", key: "password" });
    assert.deepEqual(url, { name: "REDIS_URL", value: `redis://:$(${password?.name})@queue:6379` });
    assert.deepEqual(podOf("distribute").container.env, podOf("worker").container.env);
    assert.equal(resources.filter(({ kind }) => kind === "Secret").length, 0);
    const comments = readFileSync(join(folder, "kustomization.yaml"), "utf8");
    const texts = resources.map((resource) => JSON.stringify(resource)).join("\n");
    const named = [...texts.matchAll(/"(?:secretKeyRef|secretRef)":\{"name":"(\w+)"|"secretName":"(\w+)"/g)].map(
      ([, one, other]) => one ?? other,
    );
    assert.deepEqual([...new Set(named)].sort(), ["headrace", "keys", "queue"]);
    for (const name of named) assert.match(comments, new RegExp(`create secret generic ${name} `));
  });
});

interface Queue {
  readonly command: readonly string[];
  readonly ping: readonly string[];
}

const queues: Readonly<Record<string, () => Queue>> = {
  "deploy/kubernetes": () => {
    const { command = [], readinessProbe } = podOf("queue").container;
    return { command, ping: readinessProbe?.exec?.command ?? [] };
  },
  "deploy/compose.fleet.yaml": () => {
    const { command, healthcheck } = composeServices("deploy/compose.fleet.yaml")["redis"] ?? {};
    // Compose turns two dollars into one, and CMD means that the rest is a command.
    return { command: [command ?? []].flat().map((part) => part.replaceAll("$$", "$")), ping: healthcheck?.test.slice(1) ?? [] };
  },
};

describe("the queue", { skip: noRedis, timeout: 60_000 }, () => {
  for (const [place, queue] of Object.entries(queues)) {
    it(`of ${place} answers only with the password, which is in no list of processes`, () => answersOnlyWithPassword(queue()));
  }
});

async function answersOnlyWithPassword({ command, ping: [probe = "", ...rest] }: Queue): Promise<void> {
  const redis = await installRedis();
  const place = mkdtempSync(join(tmpdir(), "headrace-queue-"));
  const [port = 0] = await freePorts(1);
  const data = join(place, "data");
  mkdirSync(data);
  // The command of the manifest, with Redis in the place of Valkey, and a port and a folder of this test.
  const cli = join(dirname(redis.command), redis.command.endsWith("valkey-server") ? "valkey-cli" : "redis-cli");
  writeFileSync(join(place, "valkey-server"), `#!/bin/sh\nexec "${redis.command}" "$@" --port ${port} --bind 127.0.0.1\n`);
  writeFileSync(join(place, "valkey-cli"), `#!/bin/sh\nexec "${cli}" -p ${port} "$@"\n`);
  for (const name of ["valkey-server", "valkey-cli"]) chmodSync(join(place, name), 0o755);
  const [shell = "", ...args] = command.map((part) => part.replace("dir /data", `dir ${data}`));
  const env = { ...redis.env, PATH: `${place}:${process.env["PATH"]}`, QUEUE_PASSWORD: "a-password-of-this-test" };
  const server = spawn(shell, args, { env, stdio: "ignore" });
  try {
    const ping = (password: object) => promisify(execFile)(join(place, probe), rest, { env: { ...env, ...password } });
    const isReady = () =>
      ping({ REDISCLI_AUTH: env.QUEUE_PASSWORD }).then(
        ({ stdout }) => stdout.includes("PONG"),
        () => false,
      );
    await waitUntil("the queue", isReady, { timeoutMs: 20_000, everyMs: 50, alive: () => server.exitCode === null });
    await assert.rejects(ping({}), "without a password");
    assert.doesNotMatch(readFileSync(`/proc/${server.pid}/cmdline`, "utf8"), /a-password/);
    assert.ok(existsSync(join(data, "appendonlydir")), "it keeps an append-only file");
  } finally {
    const gone = once(server, "close");
    server.kill("SIGTERM");
    await gone;
    rmSync(place, { recursive: true, force: true });
  }
}
