/** Images with long texts beside them: the texts stay within the memory budget. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TextMemory } from "../test/flow/text-memory-run.js";
import { atMost, type BenchSection, plain } from "./harness.js";
import { measureScript } from "./processes.js";

const [images, textKb, budgetMb] = [10_000, 200, 64];

export async function textBesideImages(): Promise<BenchSection> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-text-"));
  try {
    const args = [folder, images, textKb, budgetMb, 0].map(String);
    const run = await measureScript<TextMemory>("../test/flow/text-memory-run", ...args);
    return {
      name: "text-memory",
      title: `${images} images with ${textKb} kB of text each, with a memory budget of ${budgetMb} MiB`,
      command: "npm run bench -- text-memory",
      figures: [
        plain("images stored", String(run.stored)),
        plain("time of the run, s", run.seconds.toFixed(0)),
        plain("most images listed and not yet stored", String(run.mostWaiting)),
        plain("memory of the process before the run, MB", (run.beforeBytes / 1e6).toFixed(0)),
        atMost("largest memory of the process, MB", run.peakBytes / 1e6, 800, 0),
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
