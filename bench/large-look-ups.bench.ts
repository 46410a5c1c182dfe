/** A run that finds nothing new in a collection that is too large for its versions. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atMost, type BenchSection, plain } from "./harness.js";
import { measureScript } from "./processes.js";

const rows = 3_000_000;

interface LookUps {
  readonly ms: number;
  readonly readMs: number;
  readonly cpuMs: number;
  readonly lookedUp: number;
  readonly same: number;
  readonly bytes: number;
  readonly peakBytes: number;
}

export async function largeLookUps(): Promise<BenchSection> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-look-ups-"));
  try {
    await measureScript("large-look-ups-run", folder, "make", String(rows));
    const queries = await measureScript<LookUps>("large-look-ups-run", folder, "look", String(rows), "queries");
    const hashes = await measureScript<LookUps>("large-look-ups-run", folder, "look", String(rows), "hashes");
    return {
      name: "large-look-ups",
      title: `Looking up ${rows} rows that have not changed`,
      command: "npm run bench -- large-look-ups",
      figures: [
        plain("with queries, processor time for each row, µs", ((queries.cpuMs * 1000) / queries.lookedUp).toFixed(0)),
        plain("with hashes in memory, processor time for each row, µs", ((hashes.cpuMs * 1000) / hashes.lookedUp).toFixed(1)),
        plain("the look-up that reads the rows, s", (hashes.readMs / 1000).toFixed(1)),
        plain("all look-ups, s", (hashes.ms / 1000).toFixed(1)),
        atMost("memory of the hashes, bytes for each row", hashes.bytes / rows, 48, 1),
        plain("largest memory of the process, MB", (hashes.peakBytes / 1e6).toFixed(0)),
        plain("rows found unchanged", String(hashes.same)),
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
