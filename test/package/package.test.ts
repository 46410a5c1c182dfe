import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { manifest, PackedProject } from "./packed.js";

const { version, exports, dependencies, optionalDependencies } = await manifest();
const subpaths = Object.keys(exports).map((subpath) => `headrace${subpath.slice(1)}`);
const vendors = Object.keys(optionalDependencies).join("|");

describe("the packed package with all that is installed", () => {
  let project: PackedProject;
  before(async () => {
    const installed = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)].filter((name) =>
      existsSync(join("node_modules", name)),
    );
    project = await PackedProject.make(installed);
  });
  after(() => project.remove());

  it("has no tests, and has the model and the schema", async () => {
    const files = await readdir(join(project.folder, "node_modules", "headrace"), { recursive: true });
    const wanted = [
      "models/efficientnet-lite0-uint8.onnx",
      "models/efficientnet-lite0.onnx.data",
      "models/efficientnet-lite0-int8.onnx",
      "config/headrace.schema.json",
    ];
    assert.deepEqual(
      files.filter((file) => file.includes(".test.")),
      [],
    );
    assert.deepEqual(
      wanted.filter((file) => !files.includes(file)),
      [],
    );
  });

  it("has every file that its pages link to", async () => {
    const root = join(project.folder, "node_modules", "headrace");
    const pages = (await readdir(root, { recursive: true })).filter((file) => file.endsWith(".md"));
    assert.ok(
      ["README.md", "docs/guides/filters.md", "docs/guides/models.md", "docs/reference/errors.md"].every((page) => pages.includes(page)),
    );
    for (const page of pages) {
      const text = (await readFile(join(root, page), "utf8")).replace(/^```[\s\S]*?^```$/gm, "");
      const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) => target);
      assert.deepEqual(
        targets.filter((target) => !existsSync(join(root, dirname(page), target))),
        [],
        page,
      );
    }
  });

  it("runs as a command", async () => {
    assert.deepEqual(await project.command("--version"), { code: 0, stdout: `${version}\n`, stderr: "" });
    const help = await project.command("--help");
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^Usage: headrace /);
    assert.equal(help.stderr, "");
  });

  it("every subpath can be imported, and says nothing", async () => {
    const { code, stdout, stderr } = await project.module(`
      for (const subpath of ${JSON.stringify(subpaths)}) {
        const names = Object.keys(await import(subpath, subpath.endsWith(".json") ? { with: { type: "json" } } : {}));
        if (names.length > 0) console.log(subpath);
      }
    `);
    assert.deepEqual([code, stdout.trim().split("\n"), withoutWarnings(stderr)], [0, subpaths, ""]);
  });

  it("what is no subpath is not reachable", async () => {
    const { stderr } = await project.module('await import("headrace/dist/engine/index.js");');
    assert.match(stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });

  it("importing it loads no adapter and no optional package; importing an adapter loads that one, and still no package", async () => {
    const { stdout, stderr } = await project.module(`
      import { Session } from "node:inspector";
      const pattern = new RegExp(${JSON.stringify(`/node_modules/(headrace/dist/adapters/[\\w/-]+\\.js|(?:${vendors})/)`)});
      async function parsedScripts() {
        const session = new Session();
        const urls = [];
        session.connect();
        session.on("Debugger.scriptParsed", ({ params }) => urls.push(params.url));
        await new Promise((done) => session.post("Debugger.enable", done));
        session.disconnect();
        return urls.flatMap((url) => pattern.exec(url)?.[1] ?? []);
      }
      await import("headrace");
      console.log(JSON.stringify([...new Set(await parsedScripts())].sort()));
      await import("headrace/adapters/sharp");
      console.log(JSON.stringify((await parsedScripts()).filter((name) => !name.includes("/dist/") || name.endsWith("sharp/index.js"))));
    `);
    assert.equal(stderr, "");
    assert.deepEqual(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
      [[], ["headrace/dist/adapters/sharp/index.js"]],
    );
  });
});

describe("the packed package without its optional parts", () => {
  let project: PackedProject;
  before(async () => {
    project = await PackedProject.make(Object.keys(dependencies));
    await copyFile("test/fidelity/golden/chelsea.jpg", join(project.folder, "cat.jpg"));
  });
  after(() => project.remove());

  it("can be imported, and its command runs", async () => {
    assert.deepEqual(await project.module('await import("headrace");'), { code: 0, stdout: "", stderr: "" });
    assert.deepEqual(await project.command("--version"), { code: 0, stdout: `${version}\n`, stderr: "" });
    assert.equal((await project.command("config")).code, 0);
    assert.equal((await project.command("init")).code, 0);
  });

  it("every adapter can still be imported: it loads its package when it is used", async () => {
    const adapters = subpaths.filter((subpath) => subpath.includes("/adapters/"));
    const { code, stderr } = await project.module(`for (const subpath of ${JSON.stringify(adapters)}) await import(subpath);`);
    assert.deepEqual([code, stderr], [0, ""]);
  });

  const missing: readonly (readonly [what: string, args: readonly string[], names: RegExp])[] = [
    ["ingest wants the store", ["ingest", "cat.jpg"], /@lancedb\/lancedb/],
    ["embed wants the decoder", ["embed", "cat.jpg", "--output", "out.npy"], /sharp|onnxruntime-node/],
    ["Triton wants its client", ["embed", "cat.jpg", "--output", "out.npy", "--set", "embedder.kind=triton"], /sharp|undici|@grpc/],
    ["PostgreSQL wants its client", ["collection", "list", "--set", "postgres.url=postgresql://localhost/x"], /the package pg,/],
    ["Milvus wants its client", ["collection", "list", "--set", "milvus.host=localhost"], /@zilliz\/milvus2-sdk-node/],
  ];
  for (const [what, args, names] of missing) {
    it(`${what}: part_missing with the command that adds it`, async () => {
      const { code, stdout, stderr } = await project.command(...args, "--json");
      assert.equal(code, 1, stderr);
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
      assert.equal(error.code, "part_missing");
      assert.match(error.message, names);
      assert.match(error.hint, /npm i(nstall)? /);
    });
  }
});

/** Node 20 warns of JSON modules. */
function withoutWarnings(stderr: string): string {
  return stderr.replace(/^\(node:\d+\) ExperimentalWarning: Importing JSON modules.*\n|^\(Use `node --trace-warnings.*\n/gm, "");
}
