/** Derives the format of requests and answers from a model's description, or throws an error that says what to change. */
import { HeadraceError, type TensorLayout, type TensorSpec, type TensorType } from "../../contracts/index.js";
import { type DeclaredOutput, embeddingOutput, type PresetName, presetNames } from "../../kit/index.js";
import type { InferRequest, ModelDescription, TensorDescription } from "./transport/transport.js";

/** Properties of the model that the user's configuration fixes. null: not fixed, so the model's own value is used. */
export interface ModelExpectation {
  readonly inputName: string | null;
  readonly outputName: string | null;
  /** Height and width in pixels. */
  readonly imageSize: readonly [number, number] | null;
  readonly dtype: TensorType | null;
  readonly layout: TensorLayout | null;
  readonly dimension: number | null;
  /** Images per request, whatever size the model prefers, but never more than the model's maximum. */
  readonly batchSize: number | null;
}

export interface ModelPlan {
  readonly inputName: string;
  readonly outputName: string;
  /** Triton's name for `input.dtype`. */
  readonly datatype: string;
  readonly input: TensorSpec;
  readonly outputType: "FP16" | "FP32";
  /** Numbers per vector. Null: the model's description does not contain the dimension, so an inference must show the dimension. */
  readonly dimension: number | null;
  /** "first": the first dimension counts the images. "none": a request has one image and no batch dimension. */
  readonly batchDimension: "first" | "none";
  readonly maxBatch: number;
  readonly preferredBatch: number;
  /** The preprocessing preset that config.pbtxt names. Null when config.pbtxt names no preset. */
  readonly preset: PresetName | null;
}

interface Output extends DeclaredOutput {
  readonly declared: TensorDescription;
}

/** The config.pbtxt parameter that names the preprocessing preset. */
export const presetParameter = "headrace_preset";

const typeOf: Readonly<Record<string, TensorType>> = { UINT8: "uint8", FP16: "float16", FP32: "float32" };
/** FP64 is not supported. An FP64 output still counts as a possible embedding, so that the error message names FP64 as the problem. */
const floatTypes = ["FP16", "FP32", "FP64"];
const datatypeOf: Readonly<Record<TensorType, string>> = { uint8: "UINT8", float16: "FP16", float32: "FP32" };
/** Images per request, if neither the model nor a setting names a batch size. */
export const usualBatch = 32;
/** Maximum batch size for a model that declares no maximum. */
const openBatch = 32;

/**
 * `where`: text that names the server and the model in messages. Throws `model_mismatch` when the model contradicts the settings. Throws
 * `model_invalid` when the model does not map images to vectors.
 */
export function planModel(model: ModelDescription, expected: ModelExpectation, where: string): ModelPlan {
  const input = pickInput(model, expected, where);
  const batched = model.maxBatchSize > 0 || input.shape.length === 4;
  const spec = specOf(input, batched ? input.shape.slice(1) : input.shape, model, expected, where);
  const { output, dimension } = pickOutput(model, batched ? 1 : 0, expected, where);
  if (dimension !== null) checkDimension({ ...output, dimension }, expected, where);
  const maxBatch = maxBatchOf(model, input);
  return {
    inputName: input.name,
    outputName: output.name,
    datatype: datatypeOf[spec.dtype],
    input: spec,
    outputType: output.datatype as "FP16" | "FP32",
    dimension,
    batchDimension: batched ? "first" : "none",
    maxBatch,
    preferredBatch: preferredOf(model, maxBatch, expected.batchSize),
    preset: presetOf(model, where),
  };
}

/** Throws `model_mismatch` when the configuration requires another dimension. */
export function checkDimension(
  { name, datatype, dimension }: { readonly name: string; readonly datatype: string; readonly dimension: number },
  expected: ModelExpectation,
  where: string,
): void {
  if (expected.dimension === null || dimension === expected.dimension) return;
  throw mismatch(where, `milvus.embedding_dim ${expected.dimension}`, `output "${name}" with ${dimension} numbers`, [
    `output [ { name: "${name}", data_type: TYPE_${datatype}, dims: [ ${expected.dimension} ] } ]`,
  ]);
}

export function inferRequest(plan: ModelPlan, rows: number, bytes: Uint8Array): InferRequest {
  const { inputName, outputName, datatype } = plan;
  return { inputs: [{ name: inputName, datatype, shape: requestShape(plan, rows), bytes }], outputName };
}

export function imageDims({ layout, height, width }: TensorSpec): readonly number[] {
  return layout === "NHWC" ? [height, width, 3] : [3, height, width];
}

function requestShape({ input, batchDimension }: ModelPlan, rows: number): readonly number[] {
  return batchDimension === "first" ? [rows, ...imageDims(input)] : imageDims(input);
}

/** Describes the model's input and output: `images UINT8 [32,224,224,3] → embedding FP32 [1280]`. */
export function describePlan(plan: ModelPlan): string {
  const { inputName, datatype, outputName, outputType, dimension } = plan;
  return `${inputName} ${datatype} [${requestShape(plan, plan.maxBatch).join(",")}] → ${outputName} ${outputType} [${dimension ?? "?"}]`;
}

function pickInput(model: ModelDescription, expected: ModelExpectation, where: string): TensorDescription {
  if (expected.inputName !== null) {
    const named = model.inputs.find(({ name }) => name === expected.inputName);
    if (named !== undefined) return named;
    throw notNamed(model.inputs, "triton.input_name", expected.inputName, where);
  }
  const [only, ...others] = model.inputs;
  if (only !== undefined && others.length === 0) return only;
  throw new HeadraceError("model_invalid", `${where}: expected one input, found ${describeAll(model.inputs)}`, {
    hint: "Serve a model or an ensemble that takes one tensor, and fix its other inputs.",
  });
}

/** `batchDimensions`: 1 when the first dimension of every output counts the images, else 0. */
function pickOutput(
  model: ModelDescription,
  batchDimensions: 0 | 1,
  expected: ModelExpectation,
  where: string,
): { readonly output: TensorDescription; readonly dimension: number | null } {
  const outputs = model.outputs.map((declared): Output => {
    const row = declared.shape.slice(batchDimensions).map((size) => (size === -1 ? null : size));
    return { name: declared.name, type: floatTypes.includes(declared.datatype) ? "float" : "other", row, declared };
  });
  const choice = embeddingOutput(outputs, expected.outputName);
  switch (choice.kind) {
    case "found":
      return { output: checkType(choice.output.declared, where), dimension: choice.dimension };
    case "unfit":
      checkType(choice.output.declared, where);
      throw notOneVector(choice.output, where);
    case "absent":
      throw notNamed(model.outputs, "triton.output_name", String(expected.outputName), where);
    case "undecided":
      throw new HeadraceError(
        "model_mismatch",
        `${where}: expected one output that is the embedding, found ${describeAll(model.outputs)}`,
        { hint: `Set triton.output_name to one of ${model.outputs.map(({ name }) => name).join(", ")}.` },
      );
    default:
      return choice satisfies never;
  }
}

function notNamed(tensors: readonly TensorDescription[], key: string, name: string, where: string): HeadraceError {
  const names = tensors.map((tensor) => tensor.name).join(", ");
  return new HeadraceError("model_mismatch", `${where}: expected ${key} "${name}", found ${describeAll(tensors)}`, {
    hint: `Set ${key} to ${tensors.length > 1 ? "one of " : ""}${names}, or leave it out.`,
  });
}

function checkType(output: TensorDescription, where: string): TensorDescription {
  if (output.datatype === "FP32" || output.datatype === "FP16") return output;
  throw new HeadraceError("model_invalid", `${where}: expected output "${output.name}" of FP32 or FP16, found ${output.datatype}`, {
    hint: pbtxtHint([`output [ { name: "${output.name}", data_type: TYPE_FP32, … } ]`]),
  });
}

function specOf(
  input: TensorDescription,
  image: readonly number[],
  model: ModelDescription,
  expected: ModelExpectation,
  where: string,
): TensorSpec {
  const dtype = typeOf[input.datatype];
  if (dtype === undefined) {
    throw new HeadraceError("model_invalid", `${where}: expected input "${input.name}" of UINT8, FP16 or FP32, found ${input.datatype}`, {
      hint: pbtxtHint([`input [ { name: "${input.name}", data_type: TYPE_UINT8, dims: [ 224, 224, 3 ] } ]`]),
    });
  }
  const layout = layoutOf(image, model.formats[input.name], expected.layout);
  if (layout === "either") {
    throw new HeadraceError(
      "model_mismatch",
      `${where}: expected preprocess.data_format for input "${input.name}" [${image.join(", ")}], which fits both layouts, found none`,
      { hint: "Set preprocess.data_format to NHWC or NCHW." },
    );
  }
  if (layout === null) {
    throw new HeadraceError(
      "model_invalid",
      `${where}: expected input "${input.name}" of one three-channel image, [height, width, 3] or [3, height, width], found [${image.join(", ")}]`,
      {
        hint: pbtxtHint([
          "max_batch_size: 32",
          `input [ { name: "${input.name}", data_type: TYPE_${input.datatype}, dims: [ 224, 224, 3 ] } ]`,
        ]),
      },
    );
  }
  const [height = -1, width = -1] = layout === "NHWC" ? image.slice(0, 2) : image.slice(1);
  const found = `input "${input.name}" ${input.datatype} ${layout} of ${side(height)} × ${side(width)} pixels`;
  const [wantedHeight, wantedWidth] = expected.imageSize ?? [height, width];
  const want = { dtype: expected.dtype ?? dtype, layout: expected.layout ?? layout, height: wantedHeight, width: wantedWidth };
  const fix = [`input [ { name: "${input.name}", data_type: TYPE_${datatypeOf[want.dtype]}, dims: [ ${imageDims(want).join(", ")} ] } ]`];
  if (want.dtype !== dtype) {
    const more = want.dtype === "uint8" ? "`headrace triton export --ensemble` makes a model of floats take uint8." : "";
    throw mismatch(where, wantedType(want.dtype), found, fix, more);
  }
  if (want.layout !== layout) throw mismatch(where, `preprocess.data_format ${want.layout}`, found, fix);
  if (want.height < 1 || want.width < 1) {
    throw new HeadraceError("model_mismatch", `${where}: expected preprocess.image_size for a model of any size, found none; ${found}`, {
      hint: "Set preprocess.image_size to [height, width].",
    });
  }
  if ((height > 0 && height !== want.height) || (width > 0 && width !== want.width)) {
    throw mismatch(where, `preprocess.image_size [${want.height}, ${want.width}]`, found, fix);
  }
  return want;
}

/** Names the setting that requires the type. With `preprocess.backend: server`, Headrace sends only uint8. */
function wantedType(dtype: TensorType): string {
  return dtype === "uint8" ? "uint8, as preprocess.backend server sends" : `tensors of ${dtype} (preprocess)`;
}

/**
 * Returns the layout of an image with these dimensions. Null: the dimensions are not those of a three-channel image. "either": both NHWC
 * and NCHW fit.
 */
function layoutOf(image: readonly number[], format: string | undefined, wanted: TensorLayout | null): TensorLayout | "either" | null {
  if (image.length !== 3) return null;
  const last = image[2] === 3 || image[2] === -1;
  const first = image[0] === 3 || image[0] === -1;
  if (format === "FORMAT_NHWC" && last) return "NHWC";
  if (format === "FORMAT_NCHW" && first) return "NCHW";
  if (image[2] === 3 && image[0] !== 3) return "NHWC";
  if (image[0] === 3 && image[2] !== 3) return "NCHW";
  return last && first ? (wanted ?? "either") : null;
}

function notOneVector({ name, row }: DeclaredOutput, where: string): HeadraceError {
  const found = row.map((size) => size ?? "any").join(", ");
  return new HeadraceError("model_invalid", `${where}: expected output "${name}" of one vector per image, found [${found}]`, {
    hint: "Choose the pooled output with triton.output_name.",
  });
}

function maxBatchOf(model: ModelDescription, input: TensorDescription): number {
  if (model.maxBatchSize > 0) return model.maxBatchSize;
  if (input.shape.length < 4) return 1;
  return input.shape[0] === -1 ? openBatch : Math.max(1, input.shape[0] ?? 1);
}

/** Returns the size that the settings ask for, else the largest size in the model's preferred_batch_size, else the usual size. */
function preferredOf(model: ModelDescription, maxBatch: number, wanted: number | null): number {
  if (wanted !== null) return Math.min(wanted, maxBatch);
  const preferred = (model.dynamicBatching?.preferred ?? []).filter((size) => size >= 1 && size <= maxBatch);
  return preferred.length > 0 ? Math.max(...preferred) : Math.min(usualBatch, maxBatch);
}

function presetOf({ parameters }: ModelDescription, where: string): PresetName | null {
  const named = parameters[presetParameter];
  if (named === undefined) return null;
  const known = presetNames.find((name) => name === named);
  if (known !== undefined) return known;
  throw new HeadraceError("model_invalid", `${where}: expected a known preset in parameter ${presetParameter}, found "${named}"`, {
    hint: `In config.pbtxt, set it to one of ${presetNames.join(", ")}, or leave it out.`,
  });
}

function mismatch(where: string, expected: string, found: string, lines: readonly string[], more = ""): HeadraceError {
  return new HeadraceError("model_mismatch", `${where}: expected ${expected}, found ${found}`, {
    hint: `Change that setting, or the model: ${pbtxtHint(lines)} ${more}`.trim(),
  });
}

function pbtxtHint(lines: readonly string[]): string {
  return `in config.pbtxt: ${lines.join(" ")}`;
}

function side(size: number): string {
  return size < 0 ? "any" : String(size);
}

function describeAll(tensors: readonly TensorDescription[]): string {
  return tensors.map(({ name, datatype, shape }) => `"${name}" ${datatype} [${shape.join(", ")}]`).join(", ") || "none";
}
