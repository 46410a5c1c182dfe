/** Deleting the rows of files that are gone, each with a proof. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atMost, type BenchSection, plain } from "./harness.js";
import { measureScript } from "./processes.js";

const rows = 1_000_000;
const gone = 100_000;

interface PruneRun {
  readonly ms: number;
  readonly comparedMs: number;
  readonly deleted: number;
  readonly peakBytes: number;
}

export async function pruning(): Promise<BenchSection> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-prune-"));
  try {
    await measureScript("prune-run", folder, "make", String(rows));
    const unchanged = await measureScript<PruneRun>("prune-run", folder, "prune", String(rows), "0");
    const pruned = await measureScript<PruneRun>("prune-run", folder, "prune", String(rows), String(gone));
    return {
      name: "prune",
      title: `Deleting ${gone} of ${rows} rows, each after a look at its file`,
      command: "npm run bench -- prune",
      figures: [
        plain("comparing the rows when nothing is gone, s", (unchanged.comparedMs / 1000).toFixed(1)),
        plain("comparing the rows, with the first looks, s", (pruned.comparedMs / 1000).toFixed(1)),
        atMost("comparing and deleting, s", pruned.ms / 1000, 60, 1),
        atMost("largest memory of the process, MB", pruned.peakBytes / 1e6, 700, 0),
        plain("rows deleted", String(pruned.deleted)),
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
