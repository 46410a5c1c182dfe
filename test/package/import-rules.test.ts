import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

interface Rule {
  readonly name: string;
}

/** For each rule a breach of it, as files of a tree that is otherwise clean. */
const breaches: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "no-cycles": { "src/kit/a.ts": 'import "./b.js";', "src/kit/b.ts": 'import "./a.js";' },
  "no-orphans": { "src/kit/alone.ts": "export const alone = 1;" },
  "room-contracts": { "src/contracts/x.ts": 'import "../kit/index.js";' },
  "room-kit": { "src/kit/x.ts": 'import "../engine/index.js";' },
  "room-chain": { "src/chain/x.ts": 'import "../stages/index.js";' },
  "room-engine": { "src/engine/x.ts": 'import "../stages/index.js";' },
  "room-stages": { "src/stages/x.ts": 'import "../engine/index.js";' },
  "room-filter": { "src/filter/x.ts": 'import "../engine/index.js";' },
  "room-config": { "src/config/x.ts": 'import "../app/index.js";' },
  "room-insight": { "src/insight/x.ts": 'import "../app/index.js";' },
  "room-adapters": { "src/adapters/sharp/x.ts": 'import "../../engine/index.js";' },
  "room-sources": { "src/sources/x.ts": 'import "../engine/index.js";' },
  "room-fleet": { "src/fleet/x.ts": 'import "../app/index.js";' },
  "room-operations": { "src/operations/x.ts": 'import "../app/index.js";' },
  "room-app": { "src/app/x.ts": 'import "../cli/index.js";' },
  "room-server": { "src/server/x.ts": 'import "../engine/index.js";' },
  "room-mcp": { "src/mcp/x.ts": 'import "../server/index.js";' },
  "room-cli": { "src/cli/x.ts": 'import "../engine/index.js";' },
  "adapters-are-strangers": { "src/adapters/sharp/y.ts": 'import "../jax/index.js";' },
  "stages-are-strangers": { "src/stages/y.ts": 'import "./z.js";', "src/stages/z.ts": "export const z = 1;" },
  "front-doors-only": { "src/stages/w.ts": 'import "../kit/inner.js";', "src/kit/inner.ts": "export const inner = 1;" },
  "adapters-lazily": { "src/app/y.ts": 'import "../adapters/sharp/index.js";' },
  "page-knows-the-wire-only": { "web/src/x.ts": 'import "../../src/server/index.js";' },
  "page-takes-types-only": {
    "web/src/y.ts": 'import "../../src/server/wire/wire.js";',
    "src/server/wire/wire.ts": "export const wire = 1;",
  },
  "src-without-page": { "src/server/page.ts": 'import "../../web/src/z.js";', "web/src/z.ts": "export const z = 1;" },
  "src-never-tests": { "src/app/z.ts": 'import "../../test/helper.js";', "test/helper.ts": "export const helper = 1;" },
  "no-node-here": { "src/engine/y.ts": 'import "node:fs";' },
  "only-config": { "src/kit/yaml.ts": 'import "yaml";' },
  "only-cli": { "src/kit/commander.ts": 'import "commander";' },
  "only-server": { "src/kit/fastify.ts": 'import "fastify";' },
  "only-mcp": { "src/kit/mcp.ts": 'import "@modelcontextprotocol/server";' },
  "only-server-telemetry": { "src/kit/prom.ts": 'import "prom-client";', "src/kit/spans.ts": 'import "@opentelemetry/api";' },
  "only-adapters-fs": { "src/kit/picomatch.ts": 'import "picomatch";' },
  "only-adapters-protobufjs": { "src/kit/protobufjs.ts": 'import "protobufjs";' },
  "only-adapters-sharp": { "src/kit/sharp.ts": 'import "sharp";' },
  "only-adapters-jax": { "src/kit/jax.ts": 'import "@jax-js/jax";' },
  "only-adapters-heif": { "src/kit/heif.ts": 'import "libheif-js";' },
  "only-adapters-jxl": { "src/kit/jxl.ts": 'import "@jsquash/jxl";' },
  "only-adapters-onnx": { "src/kit/onnx.ts": 'import "onnxruntime-node";' },
  "only-adapters-triton": { "src/kit/triton.ts": 'import "@grpc/grpc-js";' },
  "only-adapters-postgres": { "src/kit/postgres.ts": 'import "pg";' },
  "only-adapters-milvus": { "src/kit/milvus.ts": 'import "@zilliz/milvus2-sdk-node";' },
  "only-adapters-lancedb": { "src/kit/lancedb.ts": 'import "@lancedb/lancedb";' },
  "only-adapters-csv": { "src/kit/csv.ts": 'import "csv-parse";' },
  "only-adapters-s3": { "src/kit/s3.ts": 'import "@aws-sdk/client-s3";' },
  "only-adapters-tar": { "src/kit/tar.ts": 'import "tar";' },
  "only-adapters-tokenizers": { "src/kit/tokenizers.ts": 'import "@huggingface/tokenizers";' },
  "only-adapters-bullmq": { "src/kit/redis.ts": 'import "bullmq";' },
  "only-adapters-zip": { "src/kit/zip.ts": 'import "yauzl";' },
  "only-adapters-parquet": { "src/kit/parquet.ts": 'import "hyparquet";' },
  "only-adapters-undici": { "src/kit/undici.ts": 'import "undici";' },
  "only-adapters-arrow": { "src/kit/arrow.ts": 'import "apache-arrow";' },
};

test("each import rule reports the breach that is planted for it", { timeout: 120_000 }, async () => {
  const rules = await import(pathToFileURL(resolve(".dependency-cruiser.mjs")).href);
  const names = (rules.default.forbidden as readonly Rule[]).map(({ name }) => name);
  assert.deepEqual([...names].sort(), Object.keys(breaches).sort());
  const folder = await mkdtemp(join(tmpdir(), "headrace-rules-"));
  try {
    await plant(folder);
    const reported = await violations(folder);
    for (const name of Object.keys(breaches)) assert.ok(reported.has(name), `${name} is not reported`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function plant(folder: string): Promise<void> {
  const rooms = [
    "contracts",
    "kit",
    "chain",
    "engine",
    "stages",
    "filter",
    "config",
    "insight",
    "sources",
    "fleet",
    "operations",
    "app",
    "server",
    "mcp",
    "cli",
    "adapters/sharp",
    "adapters/jax",
  ];
  const doors = Object.fromEntries(rooms.map((room) => [`src/${room}/index.ts`, "export const door = 1;"]));
  for (const [path, text] of Object.entries(Object.assign(doors, ...Object.values(breaches)) as Record<string, string>)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${text}\n`);
  }
  await cp(".dependency-cruiser.mjs", join(folder, ".dependency-cruiser.mjs"));
  await cp("tsconfig.json", join(folder, "tsconfig.json"));
  await cp("package.json", join(folder, "package.json"));
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
}

async function violations(folder: string): Promise<ReadonlySet<string>> {
  const command = resolve("node_modules", "dependency-cruiser", "bin", "dependency-cruise.mjs");
  const args = [command, "--config", ".dependency-cruiser.mjs", "--output-type", "json", "src", "web"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: { stdout?: string; message: string }) => {
      if (error.stdout) return { stdout: error.stdout };
      throw error;
    },
  );
  const { summary } = JSON.parse(stdout) as { summary: { violations: readonly { rule: { name: string } }[] } };
  return new Set(summary.violations.map(({ rule }) => rule.name));
}
