/** Retrieval on labelled pictures, with the model in floats and with the int8 model: how often the nearest other picture has the same label. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";
import { atMost, type BenchSection, type Figure, plain } from "./harness.js";

/** `python3 scripts/labelled-pictures.py .cache/labelled` makes it. Its folders are SET/CLASS/FILE. */
const folder = join(".cache", "labelled");
const sets = ["stamps", "clip-art", "photos"];

interface Labelled {
  readonly label: string;
  readonly vector: Float32Array;
}

export async function int8Labelled(): Promise<BenchSection> {
  const figures: Figure[] = [];
  for (const set of sets) {
    const [floats, int8] = [await embedded(set, "builtin"), await embedded(set, "builtin-int8")];
    const [p1Floats, p1Int8] = [precision(floats), precision(int8)];
    const classes = new Set(floats.map(({ label }) => label)).size;
    figures.push(
      plain(`${set}: pictures, classes`, `${floats.length}, ${classes}`),
      plain(`${set}: P@1, floats and int8`, `${p1Floats.toFixed(3)}, ${p1Int8.toFixed(3)}`),
      atMost(`${set}: P@1 of the floats less that of int8`, p1Floats - p1Int8, 0.01, 3),
      plain(`${set}: pictures whose answers differ in being right`, differing(floats, int8)),
    );
  }
  return {
    name: "int8-labelled",
    title: "The int8 model on three sets of labelled pictures, the nearest other picture by cosine",
    command: "npm run bench -- int8-labelled",
    figures,
  };
}

/** Without the pictures that Headrace refuses: one of the clip art has 20,990 × 29,700 pixels. */
async function embedded(set: string, model: string): Promise<readonly Labelled[]> {
  const paths = (await readdir(join(folder, set), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  const scratch = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const config = new ServiceConfig({ embedder: { model }, lancedb: { path: scratch } });
  const pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
  try {
    const { vectors } = await pipeline.embedImages(paths);
    return paths.flatMap((path, at) => {
      const vector = vectors[at] ?? null;
      return vector === null ? [] : [{ label: basename(dirname(path)), vector }];
    });
  } finally {
    await pipeline.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The share of pictures whose nearest other picture has their label. */
function precision(pictures: readonly Labelled[]): number {
  return rightAnswers(pictures).filter(Boolean).length / pictures.length;
}

function differing(some: readonly Labelled[], others: readonly Labelled[]): string {
  const [first, second] = [rightAnswers(some), rightAnswers(others)];
  const lost = first.filter((isRight, at) => isRight && !second[at]).length;
  const won = first.filter((isRight, at) => !isRight && second[at]).length;
  return `${lost} only with floats, ${won} only with int8`;
}

function rightAnswers(pictures: readonly Labelled[]): readonly boolean[] {
  return pictures.map(({ label, vector }, at) => {
    let [best, bestCosine] = [-1, -2];
    for (const [other, picture] of pictures.entries()) {
      const cosine = other === at ? -2 : dot(vector, picture.vector);
      if (cosine > bestCosine) [best, bestCosine] = [other, cosine];
    }
    return pictures[best]?.label === label;
  });
}

/** The vectors have the length 1, so this is their cosine. */
function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] as number) * (b[at] as number);
  return sum;
}
