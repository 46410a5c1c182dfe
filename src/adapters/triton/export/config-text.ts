/** Writes the text of a config.pbtxt, with comments that explain the settings to the user. */
import type { TensorSpec, TensorType } from "../../../contracts/index.js";
import type { PresetName } from "../../../kit/index.js";
import { imageDims, presetParameter } from "../model.js";

export interface ServedModel {
  /** Name of the model in the model repository. */
  readonly name: string;
  readonly inputName: string;
  readonly outputName: string;
  readonly input: TensorSpec;
  /** Default "float32". */
  readonly outputType?: "float16" | "float32";
  readonly dimension: number;
  /** The preset of the model's preprocessing. Null, the default: config.pbtxt names no preset, so clients must name one. */
  readonly preset?: PresetName | null;
}

export interface ConfigChoice {
  readonly backend: "onnxruntime" | "python";
  readonly model: ServedModel;
  readonly instances: number;
  readonly maxBatch: number;
  readonly preferredBatch: readonly number[];
}

export const tritonTypes: Readonly<Record<TensorType, string>> = { uint8: "TYPE_UINT8", float16: "TYPE_FP16", float32: "TYPE_FP32" };

export function configText({ backend, model, instances, maxBatch, preferredBatch }: ConfigChoice): string {
  const { name, inputName, outputName, input, outputType = "float32", dimension, preset = null } = model;
  const dims = imageDims(input).join(", ");
  const type = tritonTypes[input.dtype];
  return `# Written by Headrace.
name: "${name}"
backend: "${backend}"

# Maximum images per execution. Headrace never sends more in one request.
max_batch_size: ${maxBatch}

# Dims of one image. Triton adds the batch dimension.
input [
  {
    name: "${inputName}"
    data_type: ${type}
    dims: [ ${dims} ]
  }
]
output [
  {
    name: "${outputName}"
    data_type: ${tritonTypes[outputType]}
    dims: [ ${dimension} ]
  }
]

# Copies of the model per device. One keeps a large GPU busy with full batches. Two overlap copying and computing.
instance_group [ { count: ${instances} } ]

# Merges waiting requests. Headrace sends full batches, so the batcher need not wait for more.
dynamic_batching {
  preferred_batch_size: [ ${preferredBatch.join(", ")} ]
  max_queue_delay_microseconds: 0
}

${presetText(preset)}# The first execution allocates memory and selects kernels. Warm-up runs it before the model becomes ready.
model_warmup [
${warmups([...new Set([1, maxBatch])], inputName, type, dims)}
]
`;
}

export function presetText(preset: PresetName | null): string {
  if (preset === null) return "";
  return `# Preprocessing of the model. Headrace reads this parameter; Triton ignores it.
parameters { key: "${presetParameter}" value { string_value: "${preset}" } }

`;
}

function warmups(sizes: readonly number[], inputName: string, type: string, dims: string): string {
  return sizes
    .map(
      (size) => `  {
    name: "batch of ${size}"
    batch_size: ${size}
    inputs {
      key: "${inputName}"
      value { data_type: ${type} dims: [ ${dims} ] random_data: true }
    }
  }`,
    )
    .join(",\n");
}
