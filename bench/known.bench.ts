/** A second run over files that did not change, against the first. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withComment } from "./commented-jpeg.js";
import { atMost, type BenchSection, plain } from "./harness.js";
import { measureCommand } from "./processes.js";
import { vgaJpegs } from "./vga-jpegs.js";

const pictures = 2_000;
const versions = 50;
const photos = pictures * versions;

interface IngestDocument {
  readonly stored: number;
  readonly skipped: number;
  readonly reused: number;
  readonly elapsedMs: number;
}

export async function secondRun(): Promise<BenchSection> {
  const data = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const flags = ["--set", `lancedb.path=${data}`];
  const folder = join(data, "photos");
  try {
    await writePhotos(folder);
    const first = await timed(() => measureCommand<IngestDocument>("ingest", folder, ...flags));
    const second = await timed(() => measureCommand<IngestDocument>("ingest", folder, ...flags));
    const manifest = join(data, "labels.jsonl");
    await writeFile(manifest, await oneLabel(folder));
    const label = await timed(() => measureCommand<IngestDocument>("ingest", "--manifest", manifest, ...flags));
    return {
      name: "known",
      title: `A second run over ${photos} files that did not change`,
      command: "npm run bench -- known",
      figures: [
        plain("first run, whole process, s", (first.ms / 1000).toFixed(1)),
        plain("second run, whole process, s", (second.ms / 1000).toFixed(2)),
        plain("second run: stored, skipped", `${second.document.stored}, ${second.document.skipped}`),
        atMost("second ÷ first, %", (second.ms / first.ms) * 100, 3, 2),
        plain("one changed label: rows written, of them without inference", `${label.document.stored}, ${label.document.reused}`),
      ],
    };
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

/** Each picture many times, with other bytes each time, so that none is a copy. */
async function writePhotos(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const source = await vgaJpegs(pictures);
  for (const name of await readdir(source)) {
    const jpeg = await readFile(join(source, name));
    for (let version = 0; version < versions; version += 1) {
      await writeFile(join(folder, `${version}-${name}`), withComment(jpeg, `version ${version}`));
    }
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly document: T }> {
  const started = performance.now();
  const document = await work();
  return { ms: performance.now() - started, document };
}

/** A manifest of a hundred photos, one of them with a label. */
async function oneLabel(folder: string): Promise<string> {
  const files = (await readdir(folder))
    .filter((name) => name.endsWith(".jpg"))
    .sort()
    .slice(0, 100);
  return files
    .map((file, index) => JSON.stringify({ input: join(folder, file), ...(index === 50 ? { metadata: { label: "new" } } : {}) }))
    .join("\n");
}
