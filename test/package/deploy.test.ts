/** The files in `deploy/` fit together, and call commands and options that there are. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { parse, parseAllDocuments } from "yaml";
import { ServiceConfig } from "../../src/app/index.js";
import { buildProgram } from "../../src/cli/program.js";
import { skipUnless } from "../support/services/required.js";
import { installVenv } from "../support/services/venv.js";

const run = promisify(execFile);
/** The package contains the schemas of each version of Kubernetes. */
const installSchemas = () => installVenv({ name: "kubernetes", installs: [["kubernetes-validate==1.37.0"]] });
const noSchemas = await skipUnless("kubernetes-validate", installSchemas);

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly resources?: { readonly requests?: object; readonly limits?: object };
}

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly template?: { readonly spec: { readonly containers: readonly Container[]; readonly terminationGracePeriodSeconds?: number } };
  };
}

const folder = join("deploy", "kubernetes");
const kustomization = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) as { readonly resources: readonly string[] };
const resources = kustomization.resources.flatMap((file) =>
  parseAllDocuments(readFileSync(join(folder, file), "utf8")).map((document) => document.toJS() as Resource),
);
const pods = resources.flatMap(({ spec, metadata }) =>
  spec?.template === undefined ? [] : [{ name: metadata.name, ...spec.template.spec }],
);

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

  it("gives workers longer to end than they take to drain", () => {
    const worker = pods.find(({ name }) => name === "worker");
    const args = worker?.containers[0]?.args ?? [];
    const drainSeconds = Number(args[args.indexOf("--drain-timeout") + 1]);
    assert.ok((worker?.terminationGracePeriodSeconds ?? 0) > drainSeconds);
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
