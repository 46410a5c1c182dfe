/** A folder of small pictures that all differ, and what a run over it has stored. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { type ImageEmbeddingPipeline, listInputs } from "../../../src/app/index.js";
import type { Key } from "../../../src/contracts/index.js";

/** Width and height of every picture: what the model takes, so that its pixels arrive as they are. */
export const side = 32;
/** The first number of the one picture that `poisonAt` names; no other picture begins with it. */
export const poison = 251;

export interface PictureOptions {
  /** Position of the picture that begins with `poison`. Default: none. */
  readonly poisonAt?: number;
}

/** Writes `count` PNGs into a new folder. */
export async function makePictures(folder: string, count: number, { poisonAt }: PictureOptions = {}): Promise<void> {
  mkdirSync(folder);
  const raw = { width: side, height: side, channels: 3 } as const;
  for (let index = 0; index < count; index += 1) {
    const pixels = new Uint8Array(side * side * 3).map((_, at) => ((index + 1) * (at + 7) * 31 + (at >> 5) * index) & 0xff);
    pixels[0] = index === poisonAt ? poison : index % poison;
    pixels[1] = index >> 8;
    pixels[2] = index & 0xff;
    await sharp(pixels, { raw })
      .png({ compressionLevel: 1 })
      .toFile(join(folder, nameOf(index)));
  }
}

export function nameOf(index: number): string {
  return `${String(index).padStart(4, "0")}.png`;
}

/** The keys that the pictures of a folder have. */
export async function keysOf(folder: string): Promise<readonly Key[]> {
  const keys: Key[] = [];
  for await (const { id } of listInputs({ paths: [folder] })(new AbortController().signal)) keys.push(id);
  return keys;
}

/** Every row's key with its vector; a key that is stored twice is there twice. */
export async function rowsOf(pipeline: ImageEmbeddingPipeline, collection: string): Promise<readonly (readonly [Key, Float32Array])[]> {
  const rows: (readonly [Key, Float32Array])[] = [];
  for await (const batch of pipeline.scan(collection, { vectors: "include" })) {
    for (const { id, vector } of batch) rows.push([id, vector!]);
  }
  return rows;
}

/** One execution of a sleeping model, in milliseconds of this machine's monotonic clock. */
export interface Execution {
  readonly startMs: number;
  readonly endMs: number;
  readonly rows: number;
}

/** What a sleeping model has logged, in order. A line that a killed process left half written is left out. */
export function executionsOf(busyLog: string): readonly Execution[] {
  const lines = readFileSync(busyLog, "utf8").split("\n");
  return lines
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line) as { start_ns: number; end_ns: number; rows: number })
    .map(({ start_ns, end_ns, rows }) => ({ startMs: start_ns / 1e6, endMs: end_ns / 1e6, rows }));
}

/** The clock of `executionsOf`. */
export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
