/** The files in `deploy/` fit together, and call commands and options that there are. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { parse } from "yaml";
import { ServiceConfig } from "../../src/app/index.js";
import { buildProgram } from "../../src/cli/program.js";
import { skipUnless } from "../support/services/required.js";
import { installVenv } from "../support/services/venv.js";
import { folder, kustomization, podOf, pods, resources } from "./kubernetes.js";

const run = promisify(execFile);
/** The package contains the schemas of each version of Kubernetes. */
const installSchemas = () => installVenv({ name: "kubernetes", installs: [["kubernetes-validate==1.37.0"]] });
const noSchemas = await skipUnless("kubernetes-validate", installSchemas);

describe("deploy/kubernetes", () => {
  it("names every file of the folder, and each has a kind and a name", () => {
    const named = [...kustomization.resources, "kustomization.yaml", "config.yaml", "scaling.yaml"];
    assert.deepEqual(readdirSync(folder).sort(), named.sort());
    for (const { apiVersion, kind, metadata } of resources) assert.ok(apiVersion && kind && metadata.name);
  });

  it("limits the memory of every container, and calls commands that there are", async () => {
    for (const { containers } of pods) {
      for (const { image, args = [], resources: limits } of containers) {
        assert.ok(limits?.requests !== undefined && limits.limits !== undefined, image);
        if (image === "headrace") await parsed(args);
      }
    }
  });

  it("is valid for Kubernetes 1.29 and 1.37, by their own schemas", { skip: noSchemas }, async () => {
    const { python } = await installSchemas();
    const files = kustomization.resources.map((file) => join(folder, file));
    for (const version of ["1.29", "1.37"]) {
      const { stdout, stderr } = await run(python, ["-m", "kubernetes_validate", "-k", version, "--strict", ...files]);
      const passed = `${stdout}${stderr}`.match(/passed for resource/g) ?? [];
      assert.equal(passed.length, resources.length, `${stdout}${stderr}`);
    }
  });

  it("gives workers and the service longer to end than they take to drain", async () => {
    const { container, terminationGracePeriodSeconds = 0 } = podOf("worker");
    const args = container.args ?? [];
    assert.ok(terminationGracePeriodSeconds > Number(args[args.indexOf("--drain-timeout") + 1]));
    const { server } = (await ServiceConfig.fromYaml(join(folder, "config.yaml"))).settings();
    assert.ok((podOf("serve").terminationGracePeriodSeconds ?? 0) > server.drainTimeout);
  });

  it("runs one server at a time on a volume, and asks its probes", async () => {
    const { spec } = resources.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "serve") ?? {};
    assert.deepEqual([spec?.replicas, spec?.strategy?.type], [1, "Recreate"]);
    const { container, volumes = [] } = podOf("serve");
    assert.deepEqual([container.livenessProbe?.httpGet?.path, container.readinessProbe?.httpGet?.path], ["/health/live", "/health/ready"]);
    const { server, lancedb } = (await ServiceConfig.fromYaml(join(folder, "config.yaml"))).settings();
    const mountOf = (path: string) =>
      container.volumeMounts?.find(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`));
    const volumeOf = (path: string) => volumes.find(({ name }) => name === mountOf(path)?.name);
    const claims = resources.filter(({ kind }) => kind === "PersistentVolumeClaim").map(({ metadata }) => metadata.name);
    assert.ok(claims.includes(volumeOf(lancedb.path)?.persistentVolumeClaim?.claimName ?? ""), "the data folder is on a volume that stays");
    assert.equal(volumeOf(server.keysFile ?? "")?.secret?.secretName, "keys");
    assert.equal(server.host, "0.0.0.0");
  });

  it("has a configuration that is valid", async () => {
    const { milvus, triton } = await ServiceConfig.fromYaml(join(folder, "config.yaml"));
    assert.ok(milvus !== null && triton !== null);
  });
});

describe("deploy/compose.fleet.yaml", () => {
  const { services } = parse(readFileSync(join("deploy", "compose.fleet.yaml"), "utf8"), { merge: true }) as {
    readonly services: Readonly<Record<string, { readonly command: readonly string[]; readonly depends_on?: object }>>;
  };
  const { services: base } = parse(readFileSync("compose.yaml", "utf8")) as { readonly services: object };

  it("calls commands that there are, and waits for services that there are", async () => {
    for (const name of ["distribute", "worker"]) await parsed(services[name]?.command ?? []);
    for (const { depends_on: needed = {} } of Object.values(services)) {
      for (const name of Object.keys(needed)) assert.ok(name in services || name in base, name);
    }
    assert.ok(existsSync(join("config", "servers.yaml")));
  });
});

async function parsed(args: readonly string[]): Promise<void> {
  const program = await buildProgram({ version: "", exit: () => {} });
  for (const command of program.commands) command.action(() => undefined);
  await assert.doesNotReject(program.parseAsync([...args], { from: "user" }), args.join(" "));
}
