/** Reads from the declaration of a model which images the model takes, and decides which output contains the embedding. */
import type { DeclaredTensor, TensorSpec, TensorType } from "../../contracts/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { type DeclaredOutput, embeddingNames, embeddingOutput } from "../../kit/index.js";
import type { ModelDeclaration, Pooling } from "./protocol.js";

/** The number type that the model declares for its output. Headrace converts the embeddings to float32. */
export type OutputType = "float16" | "float32" | "float64";

export interface ModelPlan {
  readonly inputName: string;
  readonly outputName: string;
  /** How the vectors of an image become one. Null: the output has one vector per image. */
  readonly pooling: Pooling | null;
  readonly input: TensorSpec;
  readonly outputType: OutputType;
  /** Numbers per embedding. Null if the model does not declare the number; then it is found by an inference. */
  readonly dimension: number | null;
  /** Most images per batch. Null if the model's batch dimension is dynamic, so that any batch size is possible. */
  readonly maxBatch: number | null;
}

export interface ModelWishes {
  /** The name of the model file, for error messages. */
  readonly model: string;
  /** The name of the output that contains the embedding. Null: choose an output by its name and shape. */
  readonly outputName: string | null;
  /** See `embedder.pooling`. */
  readonly pooling: Pooling | null;
  /** Height and width of the images for a model whose height and width are dynamic. Null: not configured. */
  readonly imageSize: readonly [number, number] | null;
}

/** Throws `model_invalid` if the model does not fit. The message says what was expected and what the model declares. */
export function planModel(declared: ModelDeclaration, wishes: ModelWishes): ModelPlan {
  const input = imageInput(declared.inputs, wishes);
  const { output, dimension, pooling } = chosenOutput(declared.outputs, wishes);
  const batch = input.shape[0];
  if (typeof batch === "number" && batch !== 1) {
    throw invalid(wishes, "a dynamic batch dimension, or batches of 1", describe(input));
  }
  return {
    inputName: input.name,
    outputName: output.name,
    pooling,
    input: inputSpec(input, wishes),
    outputType: output.declared.type as OutputType,
    dimension,
    maxBatch: typeof batch === "number" ? batch : null,
  };
}

function imageInput(inputs: readonly DeclaredTensor[], wishes: ModelWishes): DeclaredTensor {
  const [input] = inputs;
  if (inputs.length !== 1 || input === undefined || input.shape.length !== 4) {
    throw invalid(wishes, "a single input with four dimensions, a batch of images", list(inputs, "input"));
  }
  return input;
}

function inputSpec(input: DeclaredTensor, wishes: ModelWishes): TensorSpec {
  const dtype = imageType(input, wishes);
  const layout = input.shape[3] === 3 ? "NHWC" : input.shape[1] === 3 || isChannelName(input.shape[1]) ? "NCHW" : null;
  if (layout === null) throw invalid(wishes, "three channels, second or last", describe(input));
  const [declaredHeight, declaredWidth] = layout === "NHWC" ? input.shape.slice(1, 3) : input.shape.slice(2, 4);
  const [wishedHeight, wishedWidth] = wishes.imageSize ?? [null, null];
  const height = typeof declaredHeight === "number" ? declaredHeight : wishedHeight;
  const width = typeof declaredWidth === "number" ? declaredWidth : wishedWidth;
  if (height === null || width === null) {
    throw invalid(wishes, "`embedder.image_size` for a model with dynamic height or width", `none, and ${describe(input)}`);
  }
  return { dtype, layout, width, height };
}

function imageType(input: DeclaredTensor, wishes: ModelWishes): TensorType {
  const { type } = input;
  if (type === "uint8" || type === "float16" || type === "float32") return type;
  throw invalid(wishes, "an input of uint8, float16 or float32", describe(input));
}

function isChannelName(dimension: number | string | undefined): boolean {
  return typeof dimension === "string" && /channel|^c$/i.test(dimension);
}

interface Output extends DeclaredOutput {
  readonly declared: DeclaredTensor;
}

interface ChosenOutput {
  readonly output: Output;
  readonly dimension: number | null;
  readonly pooling: Pooling | null;
}

function chosenOutput(declared: readonly DeclaredTensor[], wishes: ModelWishes): ChosenOutput {
  const outputs = declared.map(asOutput);
  const choice = embeddingOutput(outputs, wishes.outputName);
  if (choice.kind === "found" && wishes.pooling === null) return { ...choice, pooling: null };
  const patches = outputs.find(
    ({ name, type, row }) => name === (wishes.outputName ?? patchesName) && type === "float" && row.length === 2,
  );
  if (patches !== undefined) return { output: patches, dimension: patches.row[1] ?? null, pooling: wishes.pooling ?? "cls" };
  throw invalid(wishes, expectedOutput(wishes), list(declared, "output"));
}

/** What exports call the output with the vectors of all patches. */
const patchesName = "last_hidden_state";

function expectedOutput({ outputName, pooling }: ModelWishes): string {
  if (pooling !== null) {
    return `an output "${outputName ?? patchesName}" with several vectors of floats per image, because of embedder.pooling ${pooling}`;
  }
  if (outputName !== null) return `the output "${outputName}" with one vector of floats per image`;
  return `one output with a vector of floats per image, or one named ${embeddingNames.join(", ")} (or set \`embedder.output_name\`)`;
}

function asOutput(declared: DeclaredTensor): Output {
  const { name, type, shape } = declared;
  const isFloat = type === "float32" || type === "float16" || type === "float64";
  const row = shape.slice(1).map((size) => (typeof size === "number" ? size : null));
  return { name, type: isFloat ? "float" : "other", row, declared };
}

function list(tensors: readonly DeclaredTensor[], what: string): string {
  return `${tensors.length} ${what}${tensors.length === 1 ? "" : "s"}: ${tensors.map(describe).join(", ")}`;
}

function describe({ name, type, shape }: DeclaredTensor): string {
  return `${name} ${type ?? "(no tensor)"} [${shape.join(", ")}]`;
}

function invalid({ model }: ModelWishes, expected: string, found: string): HeadraceError {
  return new HeadraceError("model_invalid", `model ${model}: expected ${expected}, found ${found}`);
}
