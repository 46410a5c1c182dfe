import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Command } from "commander";
import { parse } from "yaml";
import { buildProgram } from "../../src/cli/program.js";
import { contextFilter, copyOf, lastOf, stagesOf } from "./dockerfile.js";
import { imagePackages } from "./image-packages.js";

interface Service {
  readonly image: string;
  readonly build?: { readonly target: string };
  readonly entrypoint?: readonly string[];
  readonly command?: string | readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart?: string;
  readonly deploy?: { readonly resources: { readonly reservations: { readonly devices: readonly { readonly capabilities: string[] }[] } } };
}

const compose = parse(readFileSync("compose.yaml", "utf8")) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);
const dockerfile = readFileSync("Dockerfile", "utf8");
const program = await buildProgram({ version: "0.0.0", exit: () => {} });

describe("compose.yaml", () => {
  it("pins every image that is not built here", () => {
    const loose = services.filter(([, { build, image }]) => build === undefined && !/:(v?\d+\.\d+|RELEASE\.\d{4})/.test(image));
    assert.deepEqual(loose, []);
  });

  it("asks every service that stays whether it is healthy, and starts nothing before what it needs answers", () => {
    for (const [name, { restart, healthcheck, depends_on = {} }] of services) {
      if (restart !== undefined) assert.ok(healthcheck !== undefined, `${name} stays and has no health check`);
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        const isHealthChecked = compose.services[needed]?.healthcheck !== undefined;
        const wanted = isHealthChecked ? "service_healthy" : "service_completed_successfully";
        assert.equal(condition, wanted, `${name} needs ${needed}`);
      }
    }
    assert.deepEqual(Object.keys(compose.services["headrace"]?.depends_on ?? {}).sort(), ["milvus", "triton"]);
  });

  it("gives Triton a GPU and the repository that headrace writes", () => {
    const { triton, models } = compose.services;
    assert.deepEqual(triton?.deploy?.resources.reservations.devices[0]?.capabilities, ["gpu"]);
    assert.ok(triton?.volumes?.includes("models:/models:ro"));
    assert.ok(models?.volumes?.includes("models:/models"));
    assert.ok([triton?.command].flat().includes("--model-repository=/models"));
  });

  it("mounts files and volumes that exist", () => {
    for (const [name, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const [from = ""] = volume.replace(/\$\{\w+:-(.*?)\}/, "$1").split(":");
        if (from.startsWith("./config/")) assert.ok(existsSync(from), `${name} mounts ${from}`);
        else if (!from.startsWith(".")) assert.ok(from in compose.volumes, `${name} mounts ${from}`);
      }
    }
  });

  it("builds targets that the Dockerfile has", () => {
    const targets = services.flatMap(([, { build }]) => build?.target ?? []);
    assert.ok(targets.length > 0);
    assert.deepEqual(
      [...new Set(targets)].filter((target) => !stages().includes(target)),
      [],
    );
  });

  it("runs commands and flags that headrace has", () => {
    const calls = services.flatMap(([, service]) => headraceCalls(service));
    assert.deepEqual(calls.map((args) => args[0]).sort(), ["ingest", "serve", "triton"]);
    for (const args of calls) assertCallable(args);
  });

  it("sets settings that headrace has", () => {
    const { environment = {}, command = [] } = compose.services["headrace"] ?? {};
    const file = [command].flat()[[command].flat().indexOf("--config") + 1] ?? "";
    const mounted = (compose.services["headrace"]?.volumes ?? []).find((volume) => volume.includes(`:${file}:`))?.split(":")[0] ?? "";
    const args = ["dist/cli/launcher.js", "config", "--json", "--config", mounted];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env: { ...environment } });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /triton:8000/);
    assert.match(stdout, /"milvus"/);
  });
});

describe("the Dockerfile", () => {
  it("has one pinned base image, and two images that run as a user without rights and have a health check", () => {
    assert.match(dockerfile, /^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-/m);
    const parts = stagesOf(dockerfile);
    const foreign = parts.map(({ from }) => from).filter((from) => from !== `\${NODE_IMAGE}` && !stages().includes(from));
    assert.deepEqual(foreign, []);
    for (const image of ["headrace", "servers"]) {
      assert.equal(lastOf(parts, image, "USER"), "1000:1000");
      assert.match(lastOf(parts, image, "HEALTHCHECK"), /image-health\.mjs/);
      assert.match(lastOf(parts, image, "LABEL"), /org\.opencontainers\.image\.version/);
    }
    assert.equal(parts.at(-1)?.name, "headrace", "what a build without --target makes");
  });

  it("installs no package without the lock file, and runs no script of one", () => {
    const installs = stagesOf(dockerfile).flatMap(({ instructions }) => instructions.filter(({ rest }) => /\bnpm\b/.test(rest)));
    assert.deepEqual(
      installs.map(({ rest }) => rest),
      ["npm ci --ignore-scripts --no-audit --no-fund"],
    );
    assert.equal(lastOf(stagesOf(dockerfile), "build", "ENV"), "ONNXRUNTIME_NODE_INSTALL=skip");
  });

  it("gives both images the service, S3, Milvus, Triton and all image formats, and one of them what embeds in the process", () => {
    const all = imagePackages("headrace");
    const ofServers = imagePackages("servers");
    assert.deepEqual(all.filter((name) => !ofServers.includes(name)).sort(), ["@lancedb/lancedb", "onnxruntime-node"]);
    for (const name of ["fastify", "prom-client", "@aws-sdk/client-s3", "@zilliz/milvus2-sdk-node", "libheif-js", "@jsquash/jxl", "bullmq"])
      assert.ok(ofServers.includes(name), name);
    assert.throws(() => imagePackages("lean"), /expected one of headrace, servers/);
  });

  it("copies what is there, and the build context holds it", () => {
    const isInContext = contextFilter();
    const copies = stagesOf(dockerfile).flatMap(({ instructions }) => instructions.filter(({ name }) => name === "COPY"));
    const needed = copies.flatMap(({ rest }) => copyOf(rest).paths.map((path) => path.replace("/build/", "")));
    const ofRepository = needed.filter((path) => ![".", "dist", "/packages"].includes(path));
    assert.ok(ofRepository.length > 5);
    assert.deepEqual(
      ofRepository.filter((path) => !existsSync(path) || !isInContext(path)),
      [],
    );
    assert.deepEqual(["node_modules/zod/package.json", ".git/config", "test/unsteady.json"].filter(isInContext), []);
  });
});

function stages(): readonly string[] {
  return stagesOf(dockerfile).map(({ name }) => name);
}

describe(".github/workflows/containers.yml", () => {
  it("builds both images", () => {
    const { jobs } = parse(readFileSync(".github/workflows/containers.yml", "utf8")) as {
      readonly jobs: { readonly image: { readonly strategy: { readonly matrix: { readonly image: readonly string[] } } } };
    };
    assert.deepEqual(jobs.image.strategy.matrix.image, ["headrace", "servers"]);
  });
});

/** Arguments of every call of headrace in a service; one with an entry point of its own names the program. */
function headraceCalls({ build, entrypoint, command = [] }: Service): readonly (readonly string[])[] {
  if (build === undefined) return [];
  if (entrypoint === undefined) return [[command].flat()];
  return [
    ...[command]
      .flat()
      .join(" ")
      .matchAll(/headrace ([^|&;]+)/g),
  ].map(([, args = ""]) => args.trim().split(" "));
}

function assertCallable(args: readonly string[]): void {
  let command: Command = program;
  let at = 0;
  for (let inner = find(command, args[at]); inner !== undefined; inner = find(command, args[at])) {
    command = inner;
    at += 1;
  }
  assert.ok(at > 0, `headrace has no command ${args[0]}`);
  assert.equal(command.commands.length, 0, `headrace ${args.slice(0, at).join(" ")} wants a command, found ${args[at]}`);
  const unknown = args.slice(at).filter((arg) => arg.startsWith("--") && !command.options.some(({ long }) => long === arg));
  assert.deepEqual(unknown, []);
}

function find(command: Command, name: string | undefined): Command | undefined {
  return command.commands.find((each) => each.name() === name);
}
