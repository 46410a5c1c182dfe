/** A re-embedding in LanceDB that is killed while others search and write. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { extent } from "../support/extent.js";
import { reembedUnderLoad } from "../support/reembedding/scenario.js";

test("a re-embedding that is killed loses no row, answers from one model, switches once, and rolls back to the same bytes", {
  timeout: 600_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-reembed-"));
  try {
    const config = { lancedb: { path: join(folder, "data") } };
    const rows = extent({ some: 600, all: 1_500 });
    const killAfter = extent({ some: [200], all: [200, 300, 400] });
    await reembedUnderLoad({ config, collection: "photos", alias: "live", photos: join(folder, "photos"), rows }, killAfter);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});
