/** How alike the shipped model finds changed copies of one photo, and different photos: the figures of `docs/guides/near-duplicates.md`. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp, { type Sharp } from "sharp";
import { ImageEmbeddingPipeline } from "../src/index.js";

export interface Likeness {
  readonly what: string;
  readonly pairs: number;
  /** Cosines. */
  readonly lowest: number;
  readonly median: number;
  readonly highest: number;
}

const folder = "test/fidelity/golden";
const photos = ["brick.png", "camera.png", "chelsea.jpg", "coffee.jpg", "hubble.jpg", "retina.jpg", "rocket.jpg"];

/** The same photo after one change each; PNG where nothing else is lost. */
const changes: readonly (readonly [what: string, change: (photo: Sharp, width: number, height: number) => Sharp])[] = [
  ["saved again as JPEG, quality 90", (photo) => photo.jpeg({ quality: 90 })],
  ["saved again as JPEG, quality 75", (photo) => photo.jpeg({ quality: 75 })],
  ["saved again as JPEG, quality 50", (photo) => photo.jpeg({ quality: 50 })],
  ["saved again as JPEG, quality 20", (photo) => photo.jpeg({ quality: 20 })],
  ["saved again as WebP, quality 75", (photo) => photo.webp({ quality: 75 })],
  ["half as wide and high", (photo, width) => photo.resize({ width: Math.round(width / 2) }).png()],
  ["a quarter as wide and high", (photo, width) => photo.resize({ width: Math.round(width / 4) }).png()],
  ["the middle 90 % of each side", (photo, width, height) => middle(photo, width, height, 0.9)],
  ["the middle 75 % of each side", (photo, width, height) => middle(photo, width, height, 0.75)],
  ["the middle half of each side", (photo, width, height) => middle(photo, width, height, 0.5)],
  ["a fifth brighter", (photo) => photo.modulate({ brightness: 1.2 }).png()],
  ["without colour", (photo) => photo.greyscale().png()],
  ["mirrored", (photo) => photo.flop().png()],
  ["turned by 90 degrees", (photo) => photo.rotate(90).png()],
];

/** One line for each change, and one for photos of different things. */
export async function measureLikeness(): Promise<readonly Likeness[]> {
  await using pipeline = await ImageEmbeddingPipeline.open();
  const paths = photos.map((name) => join(folder, name));
  const embed = async (inputs: readonly (string | Uint8Array)[]): Promise<readonly Float32Array[]> =>
    (await pipeline.embedImages(inputs)).vectors.map((vector) => vector ?? new Float32Array());
  const originals = await embed(paths);
  const likenesses: Likeness[] = [];
  for (const [what, change] of changes) {
    const copies = await embed(await Promise.all(paths.map((path) => changed(path, change))));
    likenesses.push(
      likeness(
        what,
        originals.map((original, index) => cosine(original, copies[index] ?? new Float32Array())),
      ),
    );
  }
  const halves = await Promise.all(
    (["left", "right"] as const).map(async (side) => embed(await Promise.all(paths.map((path) => half(path, side))))),
  );
  const sameScene = (halves[0] ?? []).map((left, index) => cosine(left, halves[1]?.[index] ?? new Float32Array()));
  const others = originals.flatMap((a, index) => originals.slice(index + 1).map((b) => cosine(a, b)));
  return [...likenesses, likeness("its left half against its right half", sameScene), likeness("a photo of something else", others)];
}

async function changed(path: string, change: (typeof changes)[number][1]): Promise<Uint8Array> {
  const { width = 0, height = 0 } = await sharp(path).metadata();
  return change(sharp(path), width, height).toBuffer();
}

async function half(path: string, side: "left" | "right"): Promise<Uint8Array> {
  const { width = 0, height = 0 } = await sharp(path).metadata();
  const newWidth = Math.floor(width / 2);
  return sharp(path)
    .extract({ left: side === "left" ? 0 : width - newWidth, top: 0, width: newWidth, height })
    .png()
    .toBuffer();
}

function middle(photo: Sharp, width: number, height: number, share: number): Sharp {
  const [newWidth, newHeight] = [Math.round(width * share), Math.round(height * share)];
  const [left, top] = [Math.floor((width - newWidth) / 2), Math.floor((height - newHeight) / 2)];
  return photo.extract({ left, top, width: newWidth, height: newHeight }).png();
}

function likeness(what: string, cosines: readonly number[]): Likeness {
  const sorted = [...cosines].sort((a, b) => a - b);
  const [lowest = 0, median = 0, highest = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  return { what, pairs: sorted.length, lowest, median, highest };
}

/** Of vectors of length 1. */
function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? Number.NaN), 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { what, pairs, lowest, median, highest } of await measureLikeness()) {
    const numbers = [lowest, median, highest].map((value) => value.toFixed(3)).join(" | ");
    process.stdout.write(`| ${what} | ${pairs} | ${numbers} |\n`);
  }
}
