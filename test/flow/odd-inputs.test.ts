import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { makeDamagedImages, makeOddImages } from "../odd-images/make.js";
import { ended, workspace } from "./command.js";

interface IngestDocument {
  readonly read: number;
  readonly stored: number;
  readonly failed: number;
  readonly failures: readonly { readonly source: string; readonly code: string }[];
}

test("every odd and damaged input ends as the documents list it, beside each other in one run, with exit code 3", async () => {
  await using space = await workspace();
  const made = [...(await makeOddImages(join(space.folder, "odd"))), ...(await makeDamagedImages(join(space.folder, "damaged")))];
  assert.ok(made.length >= 55, `${made.length} inputs`);
  await chmod(space.folder, 0o777);

  const document = await ingestAsNobody(space.folder);

  const codes = new Map(document.failures.map(({ source, code }) => [source, code]));
  const endings = Object.fromEntries(made.map(({ name, path }) => [name, codes.get(pathToFileURL(path).href) ?? "stored"]));
  assert.deepEqual(endings, Object.fromEntries(made.map(({ name, ends }) => [name, ends])));
  const stored = made.filter(({ ends }) => ends === "stored").length;
  assert.deepEqual([document.read, document.stored, document.failed], [made.length, stored, made.length - stored]);
});

/** Folders list what is named like an image; SVGs are named by themselves. Root may read everything: where the tests run as root, the command runs as nobody. */
async function ingestAsNobody(folder: string): Promise<IngestDocument> {
  const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const args = [
    resolve("dist", "cli", "launcher.js"),
    "ingest",
    "odd",
    "damaged",
    "odd/plain.svg",
    "odd/entity.svg",
    "odd/outside.svg",
    "--json",
  ];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], ...identity });
  const { code, stdout, stderr } = await ended(child);
  assert.equal(code, 3, `${stdout}${stderr}`);
  return JSON.parse(stdout) as IngestDocument;
}
