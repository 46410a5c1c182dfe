/** What a command loads before it answers. Times depend on the machine; what is loaded does not. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { test } from "node:test";
import { cleanEnvironment, ended, type Workspace, workspace } from "../flow/command.js";

/** Writes down what the process loaded and how often a process or thread was started, when it ends. */
const probe = `
import { writeFileSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
const require = createRequire(process.argv[1]);
let starts = 0;
const count = (name, key) => {
  const module = require(name);
  const original = module[key];
  module[key] = new Proxy(original, {
    apply: (call, self, args) => { starts += 1; return Reflect.apply(call, self, args); },
    construct: (made, args) => { starts += 1; return Reflect.construct(made, args); },
  });
};
count("node:child_process", "spawn");
count("node:worker_threads", "Worker");
syncBuiltinESMExports();
process.on("exit", () => {
  const { sharedObjects } = process.report.getReport();
  writeFileSync("loaded-" + process.pid + ".json", JSON.stringify({ starts, files: [...Object.keys(require.cache), ...sharedObjects] }));
});
`;

interface Loaded {
  readonly starts: number;
  readonly files: readonly string[];
}

/** One entry for each process that ran. */
async function loadedBy(space: Workspace, ...args: readonly string[]): Promise<readonly Loaded[]> {
  const preload = join(space.folder, "probe.mjs");
  await writeFile(preload, probe);
  const child = spawn(process.execPath, ["--import", preload, space.bin, ...args], {
    cwd: space.folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: cleanEnvironment(),
  });
  const { code, stderr } = await ended(child);
  assert.equal(code, 0, stderr);
  const written = (await readdir(space.folder)).filter((name) => name.startsWith("loaded-"));
  return Promise.all(written.map(async (name) => JSON.parse(await readFile(join(space.folder, name), "utf8")) as Loaded));
}

const ofCommandLine = ({ files }: Loaded): readonly string[] =>
  files.filter((file) => file.startsWith(resolve("dist"))).map((file) => basename(file));

for (const option of ["--version", "-V"]) {
  test(`${option} starts no other process or thread, and does not load the commands`, async () => {
    await using space = await workspace();
    const [only, ...others] = await loadedBy(space, option);
    assert.deepEqual([only!.starts, ofCommandLine(only!), others], [0, [], []]);
  });
}

test("--help starts no other process or thread, and loads no optional package", async () => {
  await using space = await workspace();
  const [only, ...others] = await loadedBy(space, "--help");
  assert.deepEqual([only!.starts, ofCommandLine(only!), others], [0, ["command.cjs"], []]);
});

test("count runs in the first process, and loads neither sharp nor ONNX Runtime", async () => {
  await using space = await workspace();
  const { photo } = await onePhoto();
  await space.json(0, "ingest", photo);
  const [only, ...others] = await loadedBy(space, "count");
  assert.deepEqual([only!.starts, others], [0, []]);
  assert.ok(only!.files.some((file) => file.endsWith(".node") && file.includes("lancedb")));
  assert.deepEqual(
    only!.files.filter((file) => /libvips|[\\/]sharp|onnxruntime/.test(file)),
    [],
  );
});

test("LanceDB is loaded from one file, and its native part from the installed package", async () => {
  await using space = await workspace();
  const { photo } = await onePhoto();
  await space.json(0, "ingest", photo);
  const [only] = await loadedBy(space, "count");
  assert.deepEqual(ofCommandLine(only!), ["command.cjs", "lancedb.cjs"]);
  assert.deepEqual(
    only!.files.filter((file) => file.includes("apache-arrow")),
    [],
  );
  assert.ok(only!.files.some((file) => file.includes("node_modules") && file.endsWith(".node")));
});

test("the compiled code is kept once, a damaged one is not used, and a folder that cannot be written does not matter", async () => {
  await using space = await workspace();
  await writeFile(join(space.folder, "no-folder"), "");
  for (const folder of ["code", "no-folder"]) {
    for (const _ of ["first", "second"]) {
      const env = { ...cleanEnvironment(), NODE_COMPILE_CACHE: join(space.folder, folder) };
      const child = spawn(process.execPath, [space.bin, "init", "--help"], { cwd: space.folder, stdio: ["ignore", "pipe", "pipe"], env });
      const { code, stdout, stderr } = await ended(child);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /^Usage: headrace init/);
    }
  }
  const kept = (await readdir(join(space.folder, "code"))).filter((name) => /-[0-9a-f]{16}$/.test(name));
  assert.equal(kept.length, 1);
  await writeFile(join(space.folder, "code", kept[0]!), "not compiled code");
  const env = { ...cleanEnvironment(), NODE_COMPILE_CACHE: join(space.folder, "code") };
  const child = spawn(process.execPath, [space.bin, "init", "--help"], { cwd: space.folder, stdio: ["ignore", "pipe", "pipe"], env });
  assert.equal((await ended(child)).code, 0);
});

async function onePhoto(): Promise<{ readonly photo: string }> {
  const { makeCorpus } = await import("../support/corpus/corpus.js");
  const folder = resolve(".cache", "corpus", "flow");
  const { photos } = await makeCorpus({ folder, count: 60, seed: 11, sizes: "vga" });
  return { photo: join(folder, photos[0]!.file) };
}
