/** Writes the files of a Triton ensemble: a preprocessing step that converts uint8 pixels to floats, then a model that takes floats. */
import { HeadraceError, type Normalization } from "../../../contracts/index.js";
import { type PresetName, presetNamed } from "../../../kit/index.js";
import { imageDims } from "../model.js";
import { presetText, type ServedModel, tritonTypes } from "./config-text.js";
import { pythonPreprocessText } from "./python-preprocess-text.js";

interface EnsembleChoice {
  readonly model: ServedModel;
  /** Number of instances of the preprocessing step. */
  readonly instances: number;
  readonly maxBatch: number;
}

/** All paths are relative to the model repository. */
interface EnsembleFiles {
  /** Name of the ensemble. Clients request this name. */
  readonly modelName: string;
  readonly folders: readonly string[];
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

const identity: Normalization = { rescale: 1, mean: [0, 0, 0], std: [1, 1, 1] };

/** Throws `input_invalid` when the model takes uint8 or has no preset. */
export function ensembleFiles(choice: EnsembleChoice): EnsembleFiles {
  const { name, input, preset = null } = choice.model;
  if (input.dtype === "uint8") {
    throw new HeadraceError("input_invalid", `export of ${name}: expected a model of floats for an ensemble, found one that takes uint8`, {
      hint: "Export it without --ensemble: the model normalises the pixels itself.",
    });
  }
  if (preset === null) {
    throw new HeadraceError("input_invalid", `export of ${name}: expected the preset of the ensemble's preprocessing, found none`, {
      hint: "Name the preset with --preset.",
    });
  }
  const step = `${name}_preprocess`;
  const ensemble = `${name}_ensemble`;
  return {
    modelName: ensemble,
    folders: [step, ensemble],
    files: [
      { path: `${step}/config.pbtxt`, text: stepText(step, preset, choice) },
      { path: `${step}/1/model.py`, text: pythonPreprocessText },
      { path: `${ensemble}/config.pbtxt`, text: ensembleText(ensemble, step, preset, choice) },
    ],
  };
}

function stepText(name: string, preset: PresetName, { model: { input }, instances, maxBatch }: EnsembleChoice): string {
  const numbers = { ...(presetNamed(preset).normalization ?? identity), layout: input.layout };
  const parameters = Object.entries(numbers).map(
    ([key, value]) => `parameters { key: "${key}" value { string_value: "${typeof value === "string" ? value : JSON.stringify(value)}" } }`,
  );
  return `# Written by Headrace: converts 8-bit pixels to the model's input.
name: "${name}"
backend: "python"
max_batch_size: ${maxBatch}

input [
  {
    name: "images"
    data_type: TYPE_UINT8
    dims: [ ${input.height}, ${input.width}, 3 ]
  }
]
output [
  {
    name: "prepared"
    data_type: ${tritonTypes[input.dtype]}
    dims: [ ${imageDims(input).join(", ")} ]
  }
]

# Runs numpy on the CPU.
instance_group [ { count: ${instances} kind: KIND_CPU } ]

# ${preset}: (value * rescale - mean) / std.
${parameters.join("\n")}
`;
}

function ensembleText(name: string, step: string, preset: PresetName, { model, maxBatch }: EnsembleChoice): string {
  const { input, outputName, outputType = "float32", dimension } = model;
  return `# Written by Headrace: takes 8-bit pixels and returns embeddings.
name: "${name}"
platform: "ensemble"
max_batch_size: ${maxBatch}

input [
  {
    name: "images"
    data_type: TYPE_UINT8
    dims: [ ${input.height}, ${input.width}, 3 ]
  }
]
output [
  {
    name: "embedding"
    data_type: ${tritonTypes[outputType]}
    dims: [ ${dimension} ]
  }
]

ensemble_scheduling {
  step [
    {
      model_name: "${step}"
      model_version: -1
      input_map { key: "images" value: "images" }
      output_map { key: "prepared" value: "prepared" }
    },
    {
      model_name: "${model.name}"
      model_version: -1
      input_map { key: "${model.inputName}" value: "prepared" }
      output_map { key: "${outputName}" value: "embedding" }
    }
  ]
}

${presetText(preset)}`;
}
