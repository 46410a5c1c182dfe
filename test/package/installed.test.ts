/** A project of its own that installs the packed package from the registry, as the guide says. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { skipUnless } from "../support/services/required.js";

interface Manifest {
  readonly overrides: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

interface LockedPackage {
  readonly name?: string;
  readonly version: string;
}

const run = promisify(execFile);
const manifest = JSON.parse(await readFile("package.json", "utf8")) as Manifest;
const reachRegistry = async (): Promise<void> => {
  await run("npm", ["view", "fastest-levenshtein@1.0.16", "version"], { timeout: 60_000 });
};

describe("the installation guide", () => {
  it("gives, in both languages, the overrides that this repository has", async () => {
    for (const page of ["docs/guides/install.md", "docs/zh/guides/install.md"]) {
      assert.deepEqual(await linesOf(page), { overrides: manifest.overrides }, page);
    }
  });
});

describe("a project with the lines of the guide", { skip: await skipUnless("The npm registry", reachRegistry), timeout: 300_000 }, () => {
  it("gets one ONNX Runtime and one sharp with all parts, and nothing that Headrace does not use", async () => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-installed-"));
    try {
      const packed = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]);
      const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
      await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, ...(await linesOf("docs/guides/install.md")) }));
      const peers = Object.entries(manifest.peerDependencies).map(([name, range]) => `${name}@${range}`);
      // Writes down what npm would install, without the 650 MB of it.
      const options = ["--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"];
      await run("npm", ["install", ...options, `./${filename}`, ...peers], { cwd: folder });

      const { packages } = JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8")) as {
        readonly packages: Readonly<Record<string, LockedPackage>>;
      };
      const versionsOf = (name: string): readonly string[] =>
        Object.entries(packages).flatMap(([path, { name: alias, version }]) =>
          path.endsWith(`node_modules/${name}`) && alias === undefined ? [version] : [],
        );
      const { optionalDependencies } = packages["node_modules/headrace"] as unknown as Record<string, Record<string, string>>;
      assert.deepEqual(versionsOf("onnxruntime-node"), [optionalDependencies?.["onnxruntime-node"]]);
      assert.equal(versionsOf("sharp").length, 1, "one sharp");
      for (const unused of [...Object.keys(manifest.overrides), "onnxruntime-web"]) assert.deepEqual(versionsOf(unused), [], unused);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** The lines for `package.json` on a page. */
async function linesOf(page: string): Promise<object> {
  const [, block] = /^```json\n([\s\S]*?)^```$/m.exec(await readFile(page, "utf8")) ?? [];
  assert.ok(block !== undefined, `${page} has no block of JSON`);
  return JSON.parse(block) as object;
}
