/** The text of a config.pbtxt, with the reason for every line. */
import type { TensorSpec, TensorType } from "../../../contracts/index.js";
import type { PresetName } from "../../../kit/index.js";
import { imageDims, presetParameter } from "../model.js";

/** What a client of a model sees of it. */
export interface ServedModel {
  /** Name in the repository. */
  readonly name: string;
  readonly inputName: string;
  readonly outputName: string;
  readonly input: TensorSpec;
  /** Default "float32". */
  readonly outputType?: "float16" | "float32";
  readonly dimension: number;
  /** The preprocessing that belongs to it. Null, the default: clients have to name it. */
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
  return `# Written by Headrace. Where comments give a default, the line may be left out.
name: "${name}"
backend: "${backend}"

# The most images of one execution; Headrace never sends more in one request.
max_batch_size: ${maxBatch}

# One image; the batch dimension is added by Triton.
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

# Copies of the model on each device. One keeps a large GPU busy with full batches; two overlap copying and computing.
instance_group [ { count: ${instances} } ]

# Joins requests that wait. Headrace sends full batches, so nothing is gained by waiting for more.
dynamic_batching {
  preferred_batch_size: [ ${preferredBatch.join(", ")} ]
  max_queue_delay_microseconds: 0
}

${presetText(preset)}# The first execution allocates memory and picks kernels: done before the model says that it is ready.
model_warmup [
${warmups([...new Set([1, maxBatch])], inputName, type, dims)}
]
`;
}

/** Empty for a model of which no preprocessing is known. */
export function presetText(preset: PresetName | null): string {
  if (preset === null) return "";
  return `# How images are prepared for the model; Headrace reads it, servers ignore it.
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
