/** Re-embeds 20,000 rows in both stores, killed three times, while five clients search and one inserts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Task } from "../support/reembedding/processes.js";
import { reembedUnderLoad, type ScenarioReport } from "../support/reembedding/scenario.js";
import { installMilvus, startMilvus } from "../support/services/milvus.js";
import { skipUnless } from "../support/services/required.js";

const rows = 20_000;
const killAfter = [2_000, 5_000, 6_000];
const missing = await skipUnless("Milvus", installMilvus);

describe("re-embedding 20,000 rows", () => {
  it("in LanceDB", { timeout: 1_800_000 }, () => inFolder(async (folder) => reembedIn(folder, {})));

  it("in Milvus", { timeout: 1_800_000, skip: missing }, () =>
    inFolder(async (folder) => {
      const server = await startMilvus();
      const [host = "", port = ""] = server.address.split(":");
      try {
        return await reembedIn(folder, { milvus: { host, port: Number(port) } });
      } finally {
        await server.stop();
      }
    }),
  );
});

async function inFolder(use: (folder: string) => Promise<ScenarioReport>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-reembed-"));
  try {
    process.stdout.write(`${JSON.stringify(await use(folder))}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Names are new in each run, because a stopped run leaves its collections in Milvus. */
function reembedIn(folder: string, config: Task["config"]): Promise<ScenarioReport> {
  const run = `long_${process.pid}`;
  const task = { config: { lancedb: { path: join(folder, "data") }, ...config }, photos: join(folder, "photos"), rows };
  return reembedUnderLoad({ ...task, collection: `${run}_photos`, alias: `${run}_live` }, killAfter);
}
