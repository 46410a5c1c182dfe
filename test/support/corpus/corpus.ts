/** Makes seeded photos for demos, tests and benchmarks from the free photos beside the golden tensors. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { photoRecipe, type Recipe, type Size } from "./recipe.js";

export interface CorpusOptions {
  /** Made when missing. A folder that holds another corpus is refused. */
  readonly folder: string;
  readonly count: number;
  /** Same seed, count and sizes: same photos. */
  readonly seed: number;
  /** "vga": about 640 × 480. "mixed": VGA to 12 megapixels. */
  readonly sizes: "vga" | "mixed";
  /** Where the free photos are. Default: `test/fidelity/golden` below the working folder. */
  readonly photos?: string;
}

export interface Photo {
  readonly file: string;
  /** What it shows: the first part of its name. */
  readonly subject: string;
  readonly width: number;
  readonly height: number;
  readonly format: Recipe["format"];
  readonly bytes: number;
}

export interface Corpus {
  readonly count: number;
  readonly seed: number;
  readonly sizes: "vga" | "mixed";
  readonly photos: readonly Photo[];
}

/** Change it with anything that changes a photo. */
const edition = 2;
const subjects = { brick: "png", camera: "png", chelsea: "jpg", coffee: "jpg", hubble: "jpg", retina: "jpg", rocket: "jpg" } as const;
const lanes = 4;

interface Raw {
  readonly data: Buffer;
  readonly info: Size & { readonly channels: 3 };
}

/**
 * Makes the photos that are not there yet and returns the manifest, which is also written as `manifest.json`: last, so that
 * its presence means that the folder is complete. Photos are JPEG mostly, some VGA-sized ones PNG or WebP, none is square.
 */
export async function makeCorpus(options: CorpusOptions): Promise<Corpus> {
  const { folder, count, seed, sizes } = options;
  const identity = { edition, count, seed, sizes };
  await mkdir(folder, { recursive: true });
  const done = await readJson(join(folder, "manifest.json"));
  if (done !== null && matches(done, identity)) return done as unknown as Corpus;
  await claim(folder, identity);

  const sources = await readSources(options.photos ?? join("test", "fidelity", "golden"));
  const photos: Photo[] = new Array(count);
  let next = 0;
  const work = async () => {
    for (let index = next++; index < count; index = next++)
      photos[index] = await makePhoto(folder, photoRecipe(seed, index, sizes, Object.keys(subjects)), sources);
  };
  await Promise.all(Array.from({ length: lanes }, work));
  const corpus = { ...identity, photos };
  await writeWhole(join(folder, "manifest.json"), JSON.stringify(corpus, null, 1));
  return corpus;
}

/** Says whose folder it is before the first photo is written. */
async function claim(folder: string, identity: Readonly<Record<string, unknown>>): Promise<void> {
  const path = join(folder, "recipe.json");
  const found = await readJson(path);
  if (found === null) await writeWhole(path, JSON.stringify(identity));
  else if (!matches(found, identity))
    throw new Error(
      `${folder} holds another corpus: ${JSON.stringify(found)}; expected ${JSON.stringify(identity)}. Delete it to make it anew.`,
    );
}

async function readSources(folder: string): Promise<ReadonlyMap<string, Raw>> {
  const read = async ([subject, extension]: [string, string]) => {
    const image = sharp(join(folder, `${subject}.${extension}`))
      .toColourspace("srgb")
      .removeAlpha();
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    return [subject, { data, info: { width: info.width, height: info.height, channels: 3 } }] as const;
  };
  return new Map(await Promise.all(Object.entries(subjects).map(read)));
}

async function makePhoto(folder: string, recipe: Recipe, sources: ReadonlyMap<string, Raw>): Promise<Photo> {
  const { file, subject, format, width, height } = recipe;
  const path = join(folder, file);
  const bytes = (await sizeOf(path)) ?? (await writeWhole(path, await render(recipe, sources.get(subject) as Raw)));
  return { file, subject, width, height, format, bytes };
}

async function render(recipe: Recipe, source: Raw): Promise<Buffer> {
  const { width, height, format, quality } = recipe;
  const pixels = await sharp(source.data, { raw: source.info })
    .extract(recipe.window(source.info))
    .flop(recipe.mirrored)
    .resize({ width, height, fit: "fill", kernel: "cubic" })
    .linear([...recipe.gains], [0, 0, 0])
    .raw()
    .toBuffer();
  addGrain(pixels, recipe.grain);
  const image = sharp(pixels, { raw: { width, height, channels: 3 } });
  switch (format) {
    case "jpg":
      return image.jpeg({ quality, chromaSubsampling: "4:2:0" }).toBuffer();
    case "webp":
      return image.webp({ quality, effort: 1 }).toBuffer();
    case "png":
      return image.png({ compressionLevel: 1 }).toBuffer();
    default:
      return format satisfies never;
  }
}

/** An enlarged photo is smooth and its file small: grain brings both back to what cameras make. */
function addGrain(pixels: Buffer, grain: Int8Array): void {
  const clamped = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  for (let i = 0, at = 0; i < clamped.length; i += 3, at = (at + 1) % grain.length) {
    const value = grain[at] ?? 0;
    clamped[i] = (clamped[i] ?? 0) + value;
    clamped[i + 1] = (clamped[i + 1] ?? 0) + value;
    clamped[i + 2] = (clamped[i + 2] ?? 0) + value;
  }
}

/** Under its name only when it is whole, so that an interrupted run leaves no half photo and two runs at once do no harm. */
async function writeWhole(path: string, content: string | Uint8Array): Promise<number> {
  const part = `${path}.${randomUUID()}.part`;
  await writeFile(part, content);
  await rename(part, path);
  return content.length;
}

async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found?.size ?? null;
}

async function readJson(path: string): Promise<Record<string, unknown> | null> {
  const text = await readFile(path, "utf8").catch(() => null);
  return text === null ? null : (JSON.parse(text) as Record<string, unknown>);
}

function matches(found: Readonly<Record<string, unknown>>, expected: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(expected).every(([key, value]) => found[key] === value);
}
