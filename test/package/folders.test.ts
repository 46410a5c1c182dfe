import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const maxFilesOfFolder = 25;

/** The doors of rooms and adapters. What is below a folder may use its schema and its errors, and its door may import what is below. */
const doors: ReadonlySet<string> = new Set(["index.ts", "options.ts", "errors.ts"]);

test("no two folders of src import each other", () => {
  assert.deepEqual(twoWayPairs(resolve("src")), []);
});

test("no folder of src has more than 25 files", () => {
  assert.deepEqual(largeFolders(resolve("src")), []);
});

test("two folders that import each other are reported, and so is a folder that is too large", async () => {
  const root = await mkdtemp(join(tmpdir(), "headrace-folders-"));
  try {
    const files = {
      "app/top.ts": 'import { lower } from "./runs/lower.js";',
      "app/runs/lower.ts": 'import type { Top } from "../top.js";',
      "app/index.ts": 'export { inner } from "./calls/inner.js";',
      "app/calls/inner.ts": 'import { x } from "../index.js";',
      ...Object.fromEntries(Array.from({ length: maxFilesOfFolder + 1 }, (_, at) => [`many/${at}.ts`, ""])),
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    assert.deepEqual(twoWayPairs(root), ["app and app/runs"]);
    assert.deepEqual(largeFolders(root), ["many: 26 files"]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

function twoWayPairs(root: string): readonly string[] {
  const imports = new Set<string>();
  for (const file of sourcesOf(root)) {
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      const target = resolve(dirname(file), specifier.replace(/\.js$/, ".ts"));
      if (!existsSync(target) || doors.has(basename(file)) || doors.has(basename(target))) continue;
      if (dirname(file) !== dirname(target)) imports.add(`${relative(root, dirname(file))} ${relative(root, dirname(target))}`);
    }
  }
  return [...imports]
    .map((pair) => pair.split(" "))
    .filter(([from = "", to = ""]) => from < to && imports.has(`${to} ${from}`))
    .map(([from, to]) => `${from} and ${to}`);
}

function largeFolders(root: string): readonly string[] {
  const counts = new Map<string, number>();
  for (const file of sourcesOf(root)) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > maxFilesOfFolder).map(([folder, count]) => `${relative(root, folder)}: ${count} files`);
}

/** All files of a folder but tests. */
function sourcesOf(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}
