/** What happens to the whole process: it ends by itself, and it says which package is missing. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const built = fileURLToPath(new URL("../../", import.meta.url));
const root = fileURLToPath(new URL("../../../../", import.meta.url));

interface Started {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs module code in a process of its own, which has `embedder.js` below `source`; gives its output. */
async function runCode(source: string, code: string, { args = [], environment = {} }: Started = {}): Promise<string> {
  const url = JSON.stringify(pathToFileURL(join(source, "adapters/onnx/embedder.js")).href);
  const program = `const { onnxEmbedder } = await import(${url}); const never = new AbortController().signal; ${code}`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program, "--", ...args], {
    timeout: 20_000,
    env: { PATH: process.env["PATH"], ...environment },
  });
  return stdout;
}

test("after close the process ends by itself", async () => {
  const output = await runCode(
    built,
    `const embedder = onnxEmbedder({ sessions: 2 });
     await embedder.open(never);
     const answers = await Promise.all([1, 2, 3].map((rows) => embedder.embed(embedder.lease(rows), never)));
     await embedder.close();
     console.log(answers.map(({ values }) => values.length / 1280).join());`,
  );
  assert.equal(output.trim(), "1,2,3");
});

test("closing in the middle of an inference ends the process too", async () => {
  const output = await runCode(
    built,
    `const embedder = onnxEmbedder({ sessions: 1 });
     await embedder.open(never);
     const controller = new AbortController();
     const answer = embedder.embed(embedder.lease(32), controller.signal).catch((error) => error.code);
     controller.abort();
     await embedder.close();
     console.log(await answer);`,
  );
  assert.equal(output.trim(), "aborted");
});

test("without onnxruntime-node the error names the command that installs it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-bare-"));
  try {
    for (const room of ["contracts", "kit", "adapters/onnx"]) cpSync(join(built, room), join(folder, "src", room), { recursive: true });
    symlinkSync(join(root, "models"), join(folder, "models"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(join(root, "node_modules", "zod"), join(folder, "node_modules", "zod"));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "headrace", type: "module" }));
    const output = await runCode(
      join(folder, "src"),
      "await onnxEmbedder().open(never).catch((error) => console.log(JSON.stringify(error)));",
    );
    const { code, message, hint } = JSON.parse(output) as { code: string; message: string; hint: string };
    assert.equal(code, "part_missing");
    assert.equal(hint, "Run: npm i onnxruntime-node --ignore-scripts");
    assert.doesNotMatch(message, /npm i/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** 200 kB, as a shell makes it of `photos/*.jpg`. */
const longArguments = Array.from({ length: 2_500 }, (_, index) =>
  `/home/someone/pictures/a-folder-with-a-long-name/photo-${index}.jpg`.padEnd(80),
);
/** On one line: the regular expression that this is about stops at the first line break. */
const openAndSay = [
  "const embedder = onnxEmbedder({ sessions: 1 });",
  'await embedder.open(never).then(() => embedder.check(never)).then(() => console.log("ok"), (error) => console.log(JSON.stringify(error)));',
  "await embedder.close();",
].join(" ");

test("a program with a long command line embeds, and its use is not reported", async () => {
  const home = mkdtempSync(join(tmpdir(), "headrace-home-"));
  try {
    const environment = { HOME: home, TMPDIR: home };
    assert.equal((await runCode(built, openAndSay, { args: longArguments, environment })).trim(), "ok");
    assert.equal(existsSync(join(home, ".cache", "Microsoft")), false);
  } finally {
    rmSync(home, { recursive: true });
  }
});

test("a user who wants ONNX Runtime's reports is told that they do not go with a long command line", async () => {
  const environment = { ORT_DISABLE_TELEMETRY: "0" };
  const { code, hint } = JSON.parse(await runCode(built, openAndSay, { args: longArguments, environment })) as {
    code: string;
    hint: string;
  };
  assert.equal(code, "usage_invalid");
  assert.match(hint, /ORT_DISABLE_TELEMETRY=1/);
});

test("opened in a worker thread, whose variables the runtime does not see, a long command line is refused too", async () => {
  const url = JSON.stringify(pathToFileURL(join(built, "adapters/onnx/embedder.js")).href);
  const inWorker = `import(${url}).then(async ({ onnxEmbedder }) => { const never = new AbortController().signal; ${openAndSay} })`;
  const output = await runCode(
    built,
    `const { Worker } = await import("node:worker_threads"); new Worker(${JSON.stringify(inWorker)}, { eval: true, execArgv: [] });`,
    { args: longArguments },
  );
  assert.equal((JSON.parse(output) as { code: string }).code, "usage_invalid");
});
