/** Classifies or rates images with a head: a small model that takes their vectors. */
import { type Head, HeadraceError, type Metadata, type Vectors } from "../contracts/index.js";
import { scoreKey } from "../kit/index.js";
import { bestLabels, type LabelLimits, type Labeller } from "./labels.js";
import { vectorAt } from "./vectorize.js";

/** What is made of the numbers of a head. */
export interface HeadChoice extends LabelLimits {
  /** The names of the classes, in the order of the head's numbers. Null: those that the head names itself. */
  readonly classes: readonly string[] | null;
  /** "normalized": each vector is scaled to length 1 before the head gets it. */
  readonly vectors: "stored" | "normalized";
}

/**
 * `dimension`: that of the collection. A head with classes gives labels with probabilities, another one a single number. Throws
 * `dimension_mismatch`, or `usage_invalid` if names and numbers do not fit, and the errors of the head.
 */
export async function headLabeller(head: Head, dimension: number, choice: HeadChoice, signal: AbortSignal): Promise<Labeller> {
  if (head.dimension !== null && head.dimension !== dimension) {
    const message = `head ${head.label}: expected vectors of ${head.dimension} numbers, found ${dimension} in the collection`;
    throw new HeadraceError("dimension_mismatch", message, { hint: "Use a head that was trained with vectors of the collection's model." });
  }
  const numbers = (await head.apply({ dimension, values: new Float32Array(dimension) }, signal)).dimension;
  const metadataOf = metadataMaker(head, numbers, choice);
  return {
    set: choice.set ?? null,
    label: async (vectors, stop) => {
      const rows = await head.apply(joined(vectors, dimension, choice.vectors), stop);
      return vectors.map((_, row) => metadataOf(vectorAt(rows, row)));
    },
  };
}

function metadataMaker(head: Head, numbers: number, choice: HeadChoice): (row: Float32Array) => Metadata {
  const classes = choice.classes ?? head.classes;
  const { set = null } = choice;
  if (classes === null && numbers === 1) {
    if (set === null) throw wrongUse(head, "a name for its number", "none", "For example: --as aesthetic");
    if (choice.minScore !== undefined)
      throw wrongUse(head, "no lowest score for a number", String(choice.minScore), "Leave --min-score out.");
    return ([score]) => (Number.isFinite(score) ? { [scoreKey(set)]: score! } : {});
  }
  if (classes === null) {
    throw wrongUse(head, `names of its ${numbers} classes`, "none", "Name them in the order of its numbers: --labels cat,dog,bird");
  }
  const decides = numbers === 1 && classes.length === 2;
  if (!decides && classes.length !== numbers) {
    throw wrongUse(
      head,
      `a name for each of its ${numbers} numbers`,
      `${classes.length} names`,
      "Name all classes, in the order of its numbers.",
    );
  }
  return (row) => bestLabels(classes, probabilities(row, head.numbers, decides), choice);
}

/** A number that decides between two classes is about the second one. */
function probabilities(row: Float32Array, kind: Head["numbers"], decides: boolean): ArrayLike<number> {
  if (decides) {
    const second = kind === "logits" ? 1 / (1 + Math.exp(-row[0]!)) : row[0]!;
    return [1 - second, second];
  }
  if (kind === "values") return row;
  const highest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Array.from(row, (logit) => Math.exp(logit - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function joined(vectors: readonly Float32Array[], dimension: number, kind: HeadChoice["vectors"]): Vectors {
  const values = new Float32Array(vectors.length * dimension);
  for (const [row, vector] of vectors.entries()) {
    const length = kind === "normalized" ? Math.hypot(...vector) : 1;
    values.set(length === 1 ? vector : vector.map((value) => value / length), row * dimension);
  }
  return { dimension, values };
}

function wrongUse({ label }: Head, expected: string, found: string, hint: string): HeadraceError {
  return new HeadraceError("usage_invalid", `head ${label}: expected ${expected}, found ${found}`, { hint });
}
