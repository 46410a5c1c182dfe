/** A head of one linear layer, from the arrays that scikit-learn and PyTorch call by these names. */
import { type Head, HeadraceError, type Vectors } from "../../contracts/index.js";
import { type NpyMatrix, npyMatrix, npyTexts } from "./arrays.js";

const weightNames = ["coef", "coef_", "weight", "weights"];
const biasNames = ["intercept", "intercept_", "bias"];
const classNames = ["classes", "classes_", "labels"];

/** `arrays`: the members of the file `label`, with their names without `.npy`. Throws `model_invalid`. */
export function linearHead(label: string, arrays: ReadonlyMap<string, Uint8Array>): Head {
  const weights = read(label, arrays, weightNames, npyMatrix, "a matrix of numbers, with a row per class");
  if (weights === null) throw invalid(label, `an array called ${weightNames.join(", ")}`, [...arrays.keys()].join(", ") || "none");
  const bias = read(label, arrays, biasNames, npyMatrix, "a list of numbers");
  if (bias !== null && bias.values.length !== weights.rows) {
    throw invalid(label, `${weights.rows} numbers in the ${biasNames[0]}, one for each row of the weights`, String(bias.values.length));
  }
  const classes = read(label, arrays, classNames, npyTexts, "a list of texts or whole numbers (lists of Python objects cannot be read)");
  return {
    label,
    classes,
    numbers: "logits",
    dimension: weights.columns,
    apply: async (vectors) => product(vectors, weights, bias),
    close: async () => {},
  };
}

/** Sums in doubles, as numpy does with scikit-learn's weights. */
function product({ dimension, values }: Vectors, { rows, values: weights }: NpyMatrix, bias: NpyMatrix | null): Vectors {
  const results = new Float32Array((values.length / dimension) * rows);
  for (let at = 0; at < results.length; at += 1) {
    const vector = Math.floor(at / rows) * dimension;
    const row = (at % rows) * dimension;
    let sum = bias?.values[at % rows] ?? 0;
    for (let i = 0; i < dimension; i += 1) sum += values[vector + i]! * weights[row + i]!;
    results[at] = sum;
  }
  return { dimension: rows, values: results };
}

function read<T>(
  label: string,
  arrays: ReadonlyMap<string, Uint8Array>,
  names: readonly string[],
  parse: (bytes: Uint8Array) => T | null,
  expected: string,
): T | null {
  const name = names.find((known) => arrays.has(known));
  if (name === undefined) return null;
  const parsed = parse(arrays.get(name)!);
  if (parsed === null) throw invalid(label, `${expected} in ${name}`, "another array");
  return parsed;
}

function invalid(label: string, expected: string, found: string): HeadraceError {
  return new HeadraceError("model_invalid", `head ${label}: expected ${expected}, found ${found}`, {
    hint: 'In Python: numpy.savez("head.npz", coef=probe.coef_, intercept=probe.intercept_, classes=probe.classes_)',
  });
}
