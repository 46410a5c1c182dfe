import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { manifest, PackedProject } from "./packed.js";

const subpaths = Object.keys((await manifest()).exports).filter((subpath) => subpath !== "./package.json");

const compilerOptions = {
  module: "NodeNext",
  target: "ES2023",
  lib: ["ES2023", "ESNext.Disposable"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  types: ["node"],
};

describe("the types of the packed package", () => {
  let project: PackedProject;
  before(async () => {
    project = await PackedProject.make([...Object.keys((await manifest()).dependencies), "@types/node", "undici-types"]);
    await writeFile(join(project.folder, "package.json"), '{"type":"module"}');
    await writeFile(join(project.folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.ts"] }));
  });
  after(() => project.remove());

  const compile = (...options: readonly string[]): string =>
    spawnSync(process.execPath, [resolve("node_modules/typescript/bin/tsc"), ...options], { cwd: project.folder, encoding: "utf8" }).stdout;

  it("refuse wrong options, and are whole without any optional package", async () => {
    await copyFile("test/package/wrong-options.ts", join(project.folder, "index.ts"));
    assert.equal(compile(), "");
  });

  it("are found for every subpath, by Node's rules and by those of bundlers", async () => {
    const imports = subpaths.map((subpath, index) => `import type * as part${index} from "headrace${subpath.slice(1)}";\n`);
    const uses = subpaths.map((_, index) => `export type Names${index} = keyof typeof part${index};\n`);
    await writeFile(join(project.folder, "index.ts"), [...imports, ...uses].join(""));
    assert.equal(compile("--skipLibCheck"), "");
    assert.equal(compile("--skipLibCheck", "--module", "ESNext", "--moduleResolution", "Bundler"), "");
  });

  it("and the test would notice: a wrong option without an expectation is an error", async () => {
    await writeFile(join(project.folder, "index.ts"), 'import { ServiceConfig } from "headrace";\nnew ServiceConfig({ milvs: {} });\n');
    assert.match(compile(), /index\.ts\(2,21\): error TS2561: .*milvs/);
  });
});
