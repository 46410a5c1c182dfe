/** The images of the Dockerfile, built in folders without a container engine, do what they are for. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { cleanEnvironment, type Ended, ended } from "../flow/command.js";
import { extent } from "../support/extent.js";
import { freePorts } from "../support/services/process.js";
import { lastOf, stagesOf } from "./dockerfile.js";
import { type BuiltImages, buildImages, variablesIn } from "./image-build.js";
import { imagePackages } from "./image-packages.js";

const stages = stagesOf(readFileSync("Dockerfile", "utf8"));
const ignored = readFileSync(".dockerignore", "utf8");
const images = ["headrace", "servers"] as const;
/** What the build, or the program, cannot do without. */
const needed = ["!src", "!web", "!scripts/build-*.mjs", "!scripts/image-*.mjs", "!models", "!package-lock.json"];

/** Both images take half a minute and a gigabyte, so the normal run stops at the stage that both are made of. */
const skip = extent<string | false>({ some: "only in npm run test:nightly", all: false });

describe("the images of the Dockerfile", { timeout: 300_000, skip }, () => {
  let built: BuiltImages;
  before(() => {
    built = buildImages({ stages: images });
  });
  after(() => built?.[Symbol.dispose]());

  /** Starts the entry point of an image in its folder, with its variables. */
  function start(image: string, args: readonly string[]): ChildProcess {
    const root = built.root(image);
    const [program = ""] = JSON.parse(lastOf(stages, image, "ENTRYPOINT")) as string[];
    const path = realpathSync(join(root, "usr", "local", "bin", program));
    const env = { ...cleanEnvironment(), ...variablesIn(lastOf(stages, image, "ENV")) };
    return spawn(process.execPath, [path, ...args], {
      cwd: join(root, lastOf(stages, image, "WORKDIR")),
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
  const run = (image: string, ...args: readonly string[]): Promise<Ended> => ended(start(image, args));

  it("print the version of the package, which is that of their label", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string };
    for (const image of images) assert.deepEqual(await run(image, "--version"), { code: 0, stdout: `${version}\n`, stderr: "" });
    assert.equal(lastOf(stages, "base", "LABEL").includes(`image.version="\${VERSION}"`), true);
    assert.ok(stages.some(({ instructions }) => instructions.some(({ name, rest }) => name === "ARG" && rest === `VERSION=${version}`)));
  });

  it("headrace ingests JPEG, PNG, HEIC and JPEG XL files, and finds one again", async () => {
    await ingestsAndSearches((...args) => run("headrace", ...args), built.root("headrace"));
  });

  it("can load each of their packages", async () => {
    for (const image of images) {
      const script = `for (const name of ${JSON.stringify(imagePackages(image))}) await import(name);`;
      const cwd = join(built.root(image), "opt", "headrace");
      const { code, stderr } = await ended(
        spawn(process.execPath, ["--input-type=module", "--eval", script], { cwd, env: cleanEnvironment() }),
      );
      assert.equal(code, 0, stderr);
    }
  });

  it("servers writes the model for Triton, and has no ONNX Runtime", async () => {
    const models = join(built.root("servers"), "models");
    const exported = await run("servers", "triton", "export", "--output", models);
    assert.equal(exported.code, 0, exported.stderr);
    assert.ok(existsSync(join(models, "efficientnet_lite0", "config.pbtxt")));
    const packages = join(built.root("servers"), "opt", "headrace", "node_modules");
    assert.deepEqual(
      ["onnxruntime-node", "@lancedb/lancedb"].filter((name) => existsSync(join(packages, name))),
      [],
    );
    const embedded = await run("servers", "ingest", "/nothing", "--collection", "photos");
    assert.match(embedded.stderr, /part_missing/);
  });

  for (const image of images) {
    it(`${image} serves, and its health check says whether the server answers`, async () => {
      const config = join(built.root(image), "servers.yaml");
      // Nothing listens there. The server lives all the same, and waits for both.
      writeFileSync(config, "triton: { url: 127.0.0.1:9, model_name: efficientnet_lite0 }\nmilvus: { host: 127.0.0.1, port: 9 }\n");
      const [port = 0] = await freePorts(1);
      const server = start(image, ["serve", "--port", String(port), "--config", config, "--json"]);
      try {
        await listens(server);
        assert.equal(await health(image, server.pid), 0);
        assert.equal(await health(image, process.pid), 0, "another command");
      } finally {
        const gone = once(server, "close");
        server.kill("SIGTERM");
        await gone;
      }
    });

    it(`${image}: the health check fails for a server that does not answer`, async () => {
      const [port = 0] = await freePorts(1);
      const silent = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1_000)", "serve", "--port", String(port)], {
        stdio: "ignore",
      });
      try {
        await once(silent, "spawn");
        assert.equal(await health(image, silent.pid), 1);
      } finally {
        silent.kill();
      }
    });
  }

  /** Runs the command of HEALTHCHECK for a process, which in a container is the first one. */
  async function health(image: string, pid: number | undefined): Promise<number | null> {
    const [, command = "[]"] = /CMD (\[.*\])$/.exec(lastOf(stages, image, "HEALTHCHECK")) ?? [];
    const [, script = ""] = JSON.parse(command) as string[];
    const { code } = await ended(spawn(process.execPath, [join(built.root(image), script), String(pid)], { env: cleanEnvironment() }));
    return code;
  }
});

describe("the stage that both images are made of", { timeout: 300_000 }, () => {
  it("has a program that says its version, ingests and searches", async () => {
    using built = buildImages({ stages: ["build"] });
    const root = built.root("build");
    const launcher = join(root, lastOf(stages, "build", "WORKDIR"), "dist", "cli", "launcher.js");
    const run = (...args: readonly string[]): Promise<Ended> =>
      ended(spawn(process.execPath, [launcher, ...args], { cwd: root, env: cleanEnvironment() }));
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string };
    assert.deepEqual(await run("--version"), { code: 0, stdout: `${version}\n`, stderr: "" });
    await ingestsAndSearches(run, root);
  });
});

describe("a build context that lacks a file", { timeout: 300_000 }, () => {
  for (const line of extent({ some: ["!web"], all: needed })) {
    it(`without ${line} cannot be built`, () => {
      assert.ok(ignored.includes(`${line}\n`), line);
      assert.throws(() => buildImages({ stages: images, dockerignore: ignored.replace(`${line}\n`, "") })[Symbol.dispose](), /COPY|RUN/);
    });
  }
});

async function ingestsAndSearches(run: (...args: readonly string[]) => Promise<Ended>, root: string): Promise<void> {
  const photos = join(root, "photos");
  mkdirSync(photos);
  const files = ["golden/chelsea.jpg", "golden/coffee.jpg", "golden/brick.png", "formats/images/plain.heic", "formats/images/plain.jxl"];
  for (const file of files) copyFileSync(join("test", "fidelity", file), join(photos, basename(file)));
  const ingested = await run("ingest", photos, "--collection", "photos", "--json");
  assert.equal(ingested.code, 0, ingested.stderr);
  assert.equal((JSON.parse(ingested.stdout) as { readonly stored: number }).stored, files.length, ingested.stdout);
  const found = await run("search", join(photos, "chelsea.jpg"), "--collection", "photos", "--json");
  assert.equal(found.code, 0, found.stderr);
  const { hits } = JSON.parse(found.stdout) as { readonly hits: readonly { readonly source: string }[] };
  assert.match(hits[0]?.source ?? "", /chelsea\.jpg$/);
}

/** Waits for the line that `serve --json` prints when it listens. */
async function listens(server: ChildProcess): Promise<void> {
  assert.ok(server.stdout !== null);
  let stderr = "";
  server.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  for await (const line of createInterface({ input: server.stdout })) if (line.includes("url")) return;
  throw new Error(`serve ended before it listened: ${stderr}`);
}
