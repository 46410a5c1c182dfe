/** Runs a head: a small ONNX model that takes embeddings. */
import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { type DeclaredTensor, type Head, HeadraceError, type Vectors } from "../../contracts/index.js";
import { WorkerPool } from "../../kit/index.js";
import { headNotFound } from "./errors.js";
import type { InferenceAnswer, InferenceRequest, ModelDeclaration, SessionSettings } from "./protocol.js";
import { refuseTelemetry } from "./telemetry.js";

export interface OnnxHeadOptions {
  /** Path of the ONNX file. */
  readonly model: string;
  /** Threads of ONNX Runtime. */
  readonly threads: number;
}

interface HeadPlan {
  readonly input: string;
  readonly output: string;
  /** Null: it takes any. */
  readonly dimension: number | null;
  /** Whether it takes a single vector at a time. */
  readonly takesOne: boolean;
}

/** Throws `model_invalid` unless the model takes vectors and returns numbers for each. */
export async function openOnnxHead({ model, threads }: OnnxHeadOptions, signal: AbortSignal): Promise<Head> {
  const path = resolve(model);
  const label = basename(path);
  if (!existsSync(path)) throw headNotFound(path);
  refuseTelemetry();
  const settings: SessionSettings = { modelPath: path, threads, niceness: 0 };
  const pool = new WorkerPool<ModelDeclaration, InferenceRequest, InferenceAnswer>({
    name: `ONNX Runtime with ${label}`,
    url: new URL("./worker.js", import.meta.url),
    settings,
    size: 1,
    giveBack: () => {},
  });
  try {
    const plan = planHead(label, await pool.open(signal));
    const run = async ({ dimension, values }: Vectors, stop: AbortSignal): Promise<Float32Array> => {
      const shape = [values.length / dimension, dimension];
      const inputs = [{ name: plan.input, dtype: "float32", shape }] as const;
      const answer = await pool.call({ inputs, outputName: plan.output, pooling: null }, values.slice().buffer, stop);
      return answer.values;
    };
    return {
      label,
      classes: null,
      numbers: plan.output === "logits" ? "logits" : "values",
      dimension: plan.dimension,
      async apply(vectors, stop) {
        const rows = vectors.values.length / vectors.dimension;
        const answers = await Promise.all(partsOf(vectors, plan.takesOne).map((part) => run(part, stop)));
        const numbers = answers.reduce((sum, { length }) => sum + length, 0) / rows;
        const values = new Float32Array(numbers * rows);
        for (const [index, answer] of answers.entries()) values.set(answer, index * answer.length);
        return { dimension: numbers, values };
      },
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

function partsOf(vectors: Vectors, takesOne: boolean): readonly Vectors[] {
  const { dimension, values } = vectors;
  if (!takesOne) return [vectors];
  const rows = values.length / dimension;
  return Array.from({ length: rows }, (_, row) => ({ dimension, values: values.subarray(row * dimension, (row + 1) * dimension) }));
}

/** What exports call the output with a number per class. */
const knownOutputs = ["probabilities", "logits"];

function planHead(label: string, { inputs, outputs }: ModelDeclaration): HeadPlan {
  const [input] = inputs;
  const [batch, dimension] = input?.shape ?? [];
  const isDynamic = typeof batch === "string" || batch === -1;
  if (inputs.length !== 1 || input?.type !== "float32" || input.shape.length !== 2 || !(isDynamic || batch === 1)) {
    throw headInvalid(label, "a single input of float32 with two dimensions, a batch of vectors", inputs, "");
  }
  const floats = outputs.filter(({ type, shape }) => type === "float32" && shape.length <= 2);
  const output = floats.find(({ name }) => knownOutputs.includes(name)) ?? (floats.length === 1 ? floats[0] : undefined);
  if (output === undefined) {
    const expected = `one output of float32 with numbers for each vector, or one called ${knownOutputs.join(" or ")}`;
    throw headInvalid(label, expected, outputs, "With skl2onnx, export with the option zipmap: False.");
  }
  return {
    input: input.name,
    output: output.name,
    dimension: typeof dimension === "number" && dimension > 0 ? dimension : null,
    takesOne: !isDynamic,
  };
}

function headInvalid(label: string, expected: string, found: readonly DeclaredTensor[], hint: string): HeadraceError {
  const shown = found.map(({ name, type, shape }) => `${name} ${type ?? "(no tensor)"} [${shape.join(", ")}]`);
  return new HeadraceError("model_invalid", `head ${label}: expected ${expected}, found ${shown.join(", ") || "none"}`, { hint });
}
