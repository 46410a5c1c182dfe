/** What makes two chains from image to vector the same: the vectors of three fixed probe images. */
import type { Encoded, Metric, Passport } from "../contracts/index.js";
import { HeadraceError } from "../contracts/index.js";
import { encodePng } from "./png.js";

/** Vectors of one probe from two chains count as equal from this cosine on. */
export const minProbeCosine = 0.999;
/** The longer of two vectors of one probe may be this many times as long as the other. */
export const maxProbeStretch = 1.01;

export interface PassportComparison {
  readonly same: boolean;
  /** What makes them two; null when they are the same. */
  readonly difference: "direction" | "length" | null;
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

/** Compares probe by probe. Lengths count unless vectors are compared by their cosine. */
export function comparePassports(a: Passport, b: Passport, metric: Metric): PassportComparison {
  const count = Math.max(a.probes.length, b.probes.length);
  const cosines = Array.from({ length: count }, (_, index) => cosine(a.probes[index] ?? [], b.probes[index] ?? []));
  const difference = differenceOf(a, b, cosines, metric);
  return { same: difference === null, difference, cosines };
}

export interface MismatchOptions {
  /** The metric of the collection. */
  readonly metric: Metric;
  /** Begins what is said of the other side. Default "the settings now give". */
  readonly others?: string;
}

/** The error that shows what differs on both sides; `collection` is the name of the stored one. */
export function passportMismatch(stored: Passport, other: Passport, collection: string, options: MismatchOptions): HeadraceError {
  const { metric, others = "the settings now give" } = options;
  const { cosines, difference } = comparePassports(stored, other, metric);
  const made = `collection ${collection}: ${makers(stored, other, others)}`;
  if (difference !== "length") {
    const found = cosines.map((value) => value.toFixed(4)).join(", ");
    return new HeadraceError(
      "passport_mismatch",
      `${made}; expected vectors of the same direction, cosines of the probe images of at least ${minProbeCosine}, found ${found}`,
    );
  }
  const [there, here] = [lengths(stored), lengths(other)];
  return new HeadraceError(
    "passport_mismatch",
    `${made}; expected vectors of the same length, as metric ${metric} compares lengths too: those of the probe images are ` +
      `${there.map(shown).join(", ")} in the collection, but ${here.map(shown).join(", ")} here`,
    { hint: `Set \`embedder.normalize\` to ${there.every(isUnit)}, as the collection was made with, or use another collection.` },
  );
}

function differenceOf(a: Passport, b: Passport, cosines: readonly number[], metric: Metric): PassportComparison["difference"] {
  if (cosines.length === 0 || cosines.some((value) => value < minProbeCosine)) return "direction";
  if (metric === "cosine") return null;
  const [as, bs] = [lengths(a), lengths(b)];
  return as.some((length, index) => !isAsLong(length, bs[index]!)) ? "length" : null;
}

/** Labels that are the same on both sides tell nothing, unless all are. */
function makers(stored: Passport, other: Passport, others: string): string {
  const names = [...new Set([...Object.keys(stored.labels), ...Object.keys(other.labels)])];
  const differing = names.filter((name) => stored.labels[name] !== other.labels[name]);
  if (differing.length > 0) {
    return `its vectors were made by ${describe(stored, differing)}; ${others} ${describe(other, differing)}`;
  }
  return `its vectors were made by ${describe(stored, names)}; ${others} other vectors under the same names`;
}

function describe({ labels, probes }: Passport, names: readonly string[]): string {
  const said = names.map((name) => `${name} "${labels[name] ?? "unknown"}"`).join(", ");
  return `${said || "an unnamed model"} (${probes[0]?.length ?? 0} dimensions)`;
}

function lengths({ probes }: Passport): readonly number[] {
  return probes.map((probe) => Math.sqrt(probe.reduce((sum, value) => sum + value * value, 0)));
}

function isAsLong(a: number, b: number): boolean {
  return Math.max(a, b) <= maxProbeStretch * Math.min(a, b);
}

function isUnit(length: number): boolean {
  return isAsLong(length, 1);
}

function shown(length: number): string {
  return length.toPrecision(4);
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
