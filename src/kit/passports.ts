/** What makes two chains from image to vector the same: the vectors of three fixed probe images. */
import type { Encoded, Passport } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";
import { encodePng } from "./png.js";

/** Vectors of one probe from two chains count as equal from this cosine on. */
export const minProbeCosine = 0.999;

export interface PassportComparison {
  readonly same: boolean;
  /** One a probe, in order; 0 where one side has no such probe or another dimension. */
  readonly cosines: readonly number[];
}

/** A colour at a place, both in 0..1; x to the right, y down. */
type Painting = (x: number, y: number) => readonly [number, number, number];

interface Probe {
  readonly width: number;
  readonly height: number;
  readonly paint: Painting;
}

// Wide, tall and small: none is square, so that crop, squash and letterbox differ; both shrinking and enlarging happen;
// no colour channel is like another; what is in the corners differs from the centre.
const probes: readonly Probe[] = [
  { width: 480, height: 300, paint: paintRings },
  { width: 280, height: 420, paint: paintScene },
  { width: 150, height: 96, paint: paintPlaid },
];

/** The probe images as PNG files; every call makes the same pixels anew. */
export function probeImages(): readonly Encoded[] {
  return probes.map(({ width, height, paint }) => ({ bytes: encodePng(width, height, render(width, height, paint)), version: null }));
}

/** Compares probe by probe. Vectors need not be normalised. */
export function comparePassports(a: Passport, b: Passport): PassportComparison {
  const count = Math.max(a.probes.length, b.probes.length);
  const cosines = Array.from({ length: count }, (_, index) => cosine(a.probes[index] ?? [], b.probes[index] ?? []));
  return { same: count > 0 && cosines.every((value) => value >= minProbeCosine), cosines };
}

/** The error that shows both sides; `collection` is the name of the stored one, `others` begins what is said of the other side. */
export function passportMismatch(stored: Passport, other: Passport, collection: string, others = "the settings now give"): HeadraceError {
  const { cosines } = comparePassports(stored, other);
  return new HeadraceError(
    "passport_mismatch",
    `collection ${collection}: its vectors were made by ${describe(stored)}; ${others} ${describe(other)}; ` +
      `expected cosines of the probe images of at least ${minProbeCosine}, found ${cosines.map((value) => value.toFixed(4)).join(", ")}`,
  );
}

function describe(passport: Passport): string {
  const labels = Object.entries(passport.labels).map(([name, label]) => `${name} "${label}"`);
  return `${labels.join(", ") || "an unnamed model"} (${passport.probes[0]?.length ?? 0} dimensions)`;
}

function cosine(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return 0;
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < a.length; i += 1) {
    product += a[i]! * b[i]!;
    squareA += a[i]! * a[i]!;
    squareB += b[i]! * b[i]!;
  }
  const length = Math.sqrt(squareA * squareB);
  return length > 0 ? product / length : 0;
}

function render(width: number, height: number, paint: Painting): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const colour = paint(x / width, y / height);
      for (let channel = 0; channel < 3; channel += 1) rgb[(y * width + x) * 3 + channel] = Math.round(255 * colour[channel]!);
    }
  }
  return rgb;
}

// Only + − × ÷ and comparisons below: sines and roots may differ in their last digit from one engine to the next.

/** Coloured rings off the centre, over a slope. */
function paintRings(x: number, y: number): readonly [number, number, number] {
  const dx = x - 0.3;
  const dy = y - 0.55;
  const ring = Math.floor((dx * dx * 2.56 + dy * dy) * 40) % 3;
  return [ring === 0 ? 0.95 : 0.3 * x, ring === 1 ? 0.7 : 0.15 + 0.4 * y, ring === 2 ? 0.55 : 0.1];
}

/** Sky, sun, field and a house, as a child paints them. */
function paintScene(x: number, y: number): readonly [number, number, number] {
  const sunX = x - 0.78;
  const sunY = (y - 0.14) * 1.5;
  if (sunX * sunX + sunY * sunY < 0.012) return [1, 0.85, 0.1];
  const isWall = x > 0.15 && x < 0.6 && y > 0.5 && y < 0.85;
  const isDoor = x > 0.32 && x < 0.43 && y > 0.65 && y < 0.85;
  const isRoof = y > 0.34 && y <= 0.5 && Math.abs(x - 0.375) < (y - 0.34) * 1.9;
  if (isDoor) return [0.25, 0.12, 0.05];
  if (isWall) return Math.floor(y * 60) % 2 === 0 ? [0.8, 0.45, 0.35] : [0.68, 0.33, 0.25];
  if (isRoof) return [0.35, 0.1, 0.12];
  return y < 0.72 ? [0.35 + 0.4 * y, 0.6 + 0.3 * y, 0.95] : [0.2, 0.55 - 0.3 * (y - 0.72), 0.12];
}

/** Stripes of three colours that cross. */
function paintPlaid(x: number, y: number): readonly [number, number, number] {
  const column = Math.floor(x * 12) % 3;
  const row = Math.floor(y * 7) % 2;
  return [column === 0 ? 0.9 : 0.2 + 0.3 * row, column === 1 ? 0.6 : 0.1 + 0.2 * x, row === 0 ? 0.75 : 0.15];
}
