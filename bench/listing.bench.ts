/** A folder with a million files: how long listing takes, and how much memory. */
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mebibyte } from "../src/kit/index.js";
import { atMost, type BenchSection, plain } from "./harness.js";
import { measureScript } from "./processes.js";

const files = 1_000_000;
const madeAtOnce = 64;

export async function millionNames(): Promise<BenchSection> {
  const base = await mkdtemp(join(tmpdir(), "headrace-names-"));
  const folder = join(base, "photos");
  try {
    await mkdir(folder);
    await makeFiles(folder);
    const started = performance.now();
    const { listed, peakRssBytes } = await measureScript<{ listed: number; peakRssBytes: number }>("listing-run", folder);
    return {
      name: "listing",
      title: `A folder with ${files.toLocaleString("en-US")} files: listed with their versions, sorted by name`,
      command: "npm run bench -- listing",
      figures: [
        plain("images listed", String(listed)),
        atMost("time, whole process, s", (performance.now() - started) / 1000, 30, 1),
        atMost("peak memory, MB", peakRssBytes / mebibyte, 200, 0),
      ],
    };
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

async function makeFiles(folder: string): Promise<void> {
  let next = 0;
  const make = async (): Promise<void> => {
    while (next < files) await (await open(join(folder, `image-${next++}.jpg`), "w")).close();
  };
  await Promise.all(Array.from({ length: madeAtOnce }, make));
}
