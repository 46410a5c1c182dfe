/** What happens to the whole process: it ends by itself, and it says which package is missing. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const built = fileURLToPath(new URL("../../", import.meta.url));
const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** Runs module code in a process of its own, which has `embedder.js` below `source`; gives its output. */
async function runCode(source: string, code: string): Promise<string> {
  const url = JSON.stringify(pathToFileURL(join(source, "adapters/onnx/embedder.js")).href);
  const program = `const { OnnxEmbedder } = await import(${url}); const never = new AbortController().signal; ${code}`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], { timeout: 20_000 });
  return stdout;
}

test("after close the process ends by itself", async () => {
  const output = await runCode(
    built,
    `const embedder = new OnnxEmbedder({ sessions: 2 });
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
    `const embedder = new OnnxEmbedder({ sessions: 1 });
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
      "await new OnnxEmbedder().open(never).catch((error) => console.log(JSON.stringify(error)));",
    );
    const { code, message, hint } = JSON.parse(output) as { code: string; message: string; hint: string };
    assert.equal(code, "part_missing");
    assert.equal(hint, "Run: npm i onnxruntime-node --onnxruntime-node-install=skip");
    assert.doesNotMatch(message, /npm i/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
