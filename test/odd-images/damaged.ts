/** Forty images that were whole once, and how each must end. */
import type { ErrorCode } from "../../src/contracts/index.js";
import { encodeAs, type Photo } from "./photo.js";
import { randomBytes } from "./random.js";

export interface DamagedInput {
  readonly name: string;
  readonly what: string;
  readonly ends: ErrorCode;
  readonly make: (photo: Photo) => Promise<Uint8Array>;
}

type Format = Parameters<typeof encodeAs>[1];
type Damage = (whole: Uint8Array) => Uint8Array;

const extensions: Readonly<Record<Format, string>> = { jpeg: "jpg", png: "png", webp: "webp", gif: "gif", tiff: "tif", avif: "avif" };

/** What is lost is always noticed: the decoder reads to the end, whatever part of the image is wanted. */
export const damagedInputs: readonly DamagedInput[] = [
  ...cut("jpeg", [0, 3, 10, 100, 0.25, 0.5, 0.75, 0.95, 0.99]),
  ...cut("png", [0, 30, 0.25, 0.5, 0.95]),
  ...cut("webp", [40, 0.5, 0.95]),
  ...cut("gif", [12, 0.5, 0.95]),
  ...cut("tiff", [8, 0.5, 0.95]),
  ...cut("avif", [0.5, 0.95]),
  ...flipped("jpeg", [
    [0, "image_unsupported"],
    [4, "image_corrupt"],
    [200, "image_corrupt"],
  ]),
  ...flipped("png", [
    [1, "image_unsupported"],
    [12, "image_corrupt"],
    [5000, "image_corrupt"],
  ]),
  ...flipped("webp", [[12, "image_corrupt"]]),
  ...flipped("tiff", [[8, "image_corrupt"]]),
  ...overwritten("jpeg", "zeros"),
  ...overwritten("jpeg", "noise"),
  ...overwritten("png", "noise"),
  ...overwritten("gif", "noise"),
  ...overwritten("webp", "noise"),
  { name: "zeros.jpg", what: "zeros alone", ends: "image_unsupported", make: async () => new Uint8Array(5000) },
  { name: "page.jpg", what: "a page of HTML, as a broken download leaves it", ends: "image_unsupported", make: async () => page() },
];

/** Below 1 a share of the bytes, else a number of them. */
function cut(format: Format, lengths: readonly number[]): DamagedInput[] {
  return lengths.map((length) => ({
    name: `cut-${length < 1 && length > 0 ? `${Math.round(length * 100)}-percent` : `${length}-bytes`}.${extensions[format]}`,
    what: `${format.toUpperCase()}, the first ${length < 1 && length > 0 ? `${Math.round(length * 100)} %` : `${length} bytes`}`,
    ends: "image_corrupt",
    make: damage(format, (whole) => whole.subarray(0, length < 1 ? Math.floor(whole.length * length) : length)),
  }));
}

function flipped(format: Format, places: readonly (readonly [number, ErrorCode])[]): DamagedInput[] {
  return places.map(([place, ends]) => ({
    name: `flipped-${place}.${extensions[format]}`,
    what: `${format.toUpperCase()}, byte ${place} inverted`,
    ends,
    make: damage(format, (whole) => whole.map((byte, index) => (index === place ? byte ^ 0xff : byte))),
  }));
}

/** Writes over the third tenth to the sixth. */
function overwritten(format: Format, by: "zeros" | "noise"): DamagedInput[] {
  const write: Damage = (whole) => {
    const first = Math.floor(whole.length * 0.3);
    const length = Math.floor(whole.length * 0.3);
    const damaged = Uint8Array.from(whole);
    damaged.set(by === "zeros" ? new Uint8Array(length) : randomBytes(7, length), first);
    return damaged;
  };
  const what = `${format.toUpperCase()}, ${by} over a part in the middle`;
  return [{ name: `${by}-inside.${extensions[format]}`, what, ends: "image_corrupt", make: damage(format, write) }];
}

function damage(format: Format, change: Damage): DamagedInput["make"] {
  return async (photo) => change(await encodeAs(photo, format));
}

function page(): Uint8Array {
  return Buffer.from("<!DOCTYPE html><html><head><title>404</title></head><body>Not found</body></html>\n");
}
