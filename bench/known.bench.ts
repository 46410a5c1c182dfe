/** A second run over files that did not change, against the first. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atMost, type BenchSection, plain } from "./harness.js";
import { measureCommand, measureScript } from "./processes.js";
import { vgaJpegs } from "./vga-jpegs.js";

const photos = 2_000;
const known = 100_000;

interface IngestDocument {
  readonly stored: number;
  readonly skipped: number;
  readonly reused: number;
  readonly elapsedMs: number;
}

/**
 * A second run reads no picture, so its collection is filled with a fake model. The first run is measured with fewer photos, because its time
 * grows with their number.
 */
export async function secondRun(): Promise<BenchSection> {
  const pictures = await vgaJpegs(photos);
  const data = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const ingest = (data: string, ...inputs: readonly string[]) =>
    timed(() => measureCommand<IngestDocument>("ingest", ...inputs, "--set", `lancedb.path=${data}`));
  try {
    const first = await ingest(join(data, "first"), pictures);
    const again = await ingest(join(data, "first"), pictures);
    const [folder, stored] = [join(data, "photos"), join(data, "known")];
    await writeFiles(folder);
    await measureScript("known-run", folder, stored);
    const second = await ingest(stored, folder);
    const manifest = join(data, "labels.jsonl");
    await writeFile(manifest, await oneLabel(pictures));
    const label = await ingest(join(data, "first"), "--manifest", manifest);
    const firstMs = (first.ms / photos) * known;
    return {
      name: "known",
      title: `A second run over ${known} files that did not change`,
      command: "npm run bench -- known",
      figures: [
        plain(`first run, ${photos} VGA photos, whole process, s`, (first.ms / 1000).toFixed(1)),
        plain(`the same again, whole process, s`, (again.ms / 1000).toFixed(2)),
        plain(`first run of ${known} at this speed (computed), s`, (firstMs / 1000).toFixed(0)),
        plain(`second run over ${known} files, whole process, s`, (second.ms / 1000).toFixed(2)),
        plain("second run: stored, skipped", `${second.document.stored}, ${second.document.skipped}`),
        atMost("second ÷ first, %", (second.ms / firstMs) * 100, 3, 2),
        plain("one changed label: rows written, of them without inference", `${label.document.stored}, ${label.document.reused}`),
      ],
    };
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

async function writeFiles(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < known; index += 1) await writeFile(join(folder, `${index}.jpg`), `photo ${index}`);
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly document: T }> {
  const started = performance.now();
  const document = await work();
  return { ms: performance.now() - started, document };
}

/** A manifest of a hundred photos, one of them with a label. */
async function oneLabel(folder: string): Promise<string> {
  const files = (await readdir(folder)).sort().slice(0, 100);
  return files
    .map((file, index) => JSON.stringify({ input: join(folder, file), ...(index === 50 ? { metadata: { label: "new" } } : {}) }))
    .join("\n");
}
