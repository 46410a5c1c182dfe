/** A second run over files that did not change, against the first. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { atMost, type BenchSection, plain } from "./harness.js";
import { measureCommand } from "./processes.js";

const photos = 20_000;
const corpusFolder = join(".cache", "corpus", "vga-20000");

interface IngestDocument {
  readonly stored: number;
  readonly skipped: number;
  readonly reused: number;
  readonly elapsedMs: number;
}

export async function secondRun(): Promise<BenchSection> {
  await makeCorpus({ folder: corpusFolder, count: photos, seed: 20_000, sizes: "vga" });
  const data = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const flags = ["--set", `lancedb.path=${data}`];
  try {
    const first = await timed(() => measureCommand<IngestDocument>("ingest", corpusFolder, ...flags));
    const second = await timed(() => measureCommand<IngestDocument>("ingest", corpusFolder, ...flags));
    const manifest = join(data, "labels.jsonl");
    await writeFile(manifest, await oneLabel());
    const label = await timed(() => measureCommand<IngestDocument>("ingest", "--manifest", manifest, ...flags));
    return {
      name: "known",
      title: `A second run over ${photos} files that did not change`,
      command: "npm run bench -- known",
      figures: [
        plain("first run, whole process, s", (first.ms / 1000).toFixed(1)),
        plain("second run, whole process, s", (second.ms / 1000).toFixed(2)),
        plain("second run: stored, skipped", `${second.document.stored}, ${second.document.skipped}`),
        atMost("second ÷ first, %", (second.ms / first.ms) * 100, 5, 2),
        plain("one changed label: rows written, of them without inference", `${label.document.stored}, ${label.document.reused}`),
      ],
    };
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly document: T }> {
  const started = performance.now();
  const document = await work();
  return { ms: performance.now() - started, document };
}

/** A manifest of a hundred photos, one of them with a label. */
async function oneLabel(): Promise<string> {
  const files = (await readdir(corpusFolder))
    .filter((name) => name.endsWith(".jpg"))
    .sort()
    .slice(0, 100);
  return files
    .map((file, index) => JSON.stringify({ input: join(corpusFolder, file), ...(index === 50 ? { metadata: { label: "new" } } : {}) }))
    .join("\n");
}
