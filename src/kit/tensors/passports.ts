/**
 * Compares two passports. A passport contains the embeddings of fixed probe images. If two models with their preprocessing give equal
 * embeddings of the probe images, they are treated as the same.
 */
import type { Metric, Passport } from "../../contracts/index.js";
import { HeadraceError } from "../../contracts/index.js";

/** Two embeddings of a probe image have the same direction if their cosine is at least this. */
const minProbeCosine = 0.999;
/** Two embeddings of a probe image have the same length if the longer divided by the shorter is at most this. */
const maxLengthRatio = 1.01;

export interface PassportComparison {
  readonly same: boolean;
  /** What differs between the embeddings of the two passports. Null if the passports match. */
  readonly difference: "direction" | "length" | null;
  /** One cosine per probe image, in order. 0 if one passport lacks the probe image, or if the dimensions differ. */
  readonly cosines: readonly number[];
}

/** Compares two passports, one probe image after the other. With the metric cosine, the lengths of the embeddings are ignored. */
export function comparePassports(a: Passport, b: Passport, metric: Metric): PassportComparison {
  const count = Math.max(a.probes.length, b.probes.length);
  const cosines = Array.from({ length: count }, (_, index) => cosine(a.probes[index] ?? [], b.probes[index] ?? []));
  const difference = differenceOf(a, b, cosines, metric);
  return { same: difference === null, difference, cosines };
}

export interface MismatchOptions {
  /** The metric of the collection. */
  readonly metric: Metric;
  /** The words before the description of the second passport in the message. Default "the settings now give". */
  readonly others?: string;
}

/** Creates the error for two different passports. The message shows what differs. `stored` is the passport of `collection`. */
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
    `${made}; metric ${metric} compares lengths too: expected lengths ${there.map(shown).join(", ")} for the probe images, ` +
      `as in the collection, found ${here.map(shown).join(", ")}`,
    { hint: `Set \`embedder.normalize\` to ${there.every(isUnit)}, as when the collection was created, or use another collection.` },
  );
}

function differenceOf(a: Passport, b: Passport, cosines: readonly number[], metric: Metric): PassportComparison["difference"] {
  if (cosines.length === 0 || cosines.some((value) => value < minProbeCosine)) return "direction";
  if (metric === "cosine") return null;
  const [as, bs] = [lengths(a), lengths(b)];
  return as.some((length, index) => !isAsLong(length, bs[index]!)) ? "length" : null;
}

/** Describes both passports by the labels that differ. If no label differs, describes them by all labels. */
function makers(stored: Passport, other: Passport, others: string): string {
  const names = [...new Set([...Object.keys(stored.labels), ...Object.keys(other.labels)])];
  const differing = names.filter((name) => stored.labels[name] !== other.labels[name]);
  if (differing.length > 0) {
    return `its vectors were made by ${describe(stored, differing)}; ${others} ${describe(other, differing)}`;
  }
  return `its vectors were made by ${describe(stored, names)}; ${others} other vectors under the same names`;
}

function describe({ labels, probes }: Passport, names: readonly string[]): string {
  const listed = names.map((name) => `${name} "${labels[name] ?? "unknown"}"`).join(", ");
  return `${listed || "an unnamed model"} (${probes[0]?.length ?? 0} dimensions)`;
}

function lengths({ probes }: Passport): readonly number[] {
  return probes.map((probe) => Math.sqrt(probe.reduce((sum, value) => sum + value * value, 0)));
}

function isAsLong(a: number, b: number): boolean {
  return Math.max(a, b) <= maxLengthRatio * Math.min(a, b);
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
