/** `exportTritonModel`: writes a Triton model repository for the shipped model or an ONNX file. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { ExportedModel, ExportedRepository } from "../../adapters/triton/index.js";
import { HeadraceError } from "../../contracts/index.js";
import type { PresetName } from "../../kit/index.js";
import { describeOnnxModel, tritonExporter } from "../wiring/registry.js";

/** The model to export, and how Triton serves it. */
export interface TritonExportOptions {
  /** Folder of the model repository. Created if it does not exist. */
  readonly output: string;
  /**
   * "onnxruntime": Triton's ONNX Runtime backend. "python": for a Triton server that has only the Python backend. Default "onnxruntime".
   */
  readonly backend?: "onnxruntime" | "python";
  /** Number of copies of the model per device. Default 1. */
  readonly instances?: number;
  /** Maximum number of images per execution of the model. Default 64. */
  readonly maxBatch?: number;
  /** Batch sizes that the server prefers. Clients send batches of the largest size. Default: 16 and 32, or `maxBatch` if that is less than 32. */
  readonly preferredBatch?: readonly number[];
  /** Path of an ONNX file, or `builtin-int8`. The model is named after the file. Default: the shipped model. */
  readonly model?: string;
  /** The preprocessing that the model expects. Default: none, except for the shipped models. */
  readonly preset?: PresetName;
  /**
   * "ensemble": for a model whose input is floats. Also writes a step that normalises on the server, and a model that combines both and
   * takes uint8. Default "model".
   */
  readonly serve?: "model" | "ensemble";
  readonly signal?: AbortSignal;
}

/**
 * Writes the model repository. Throws `input_invalid` if the folder already contains the model or a number is invalid, and `model_invalid`
 * for an unsuitable ONNX file.
 */
export async function exportTritonModel(options: TritonExportOptions): Promise<ExportedRepository> {
  const { output, backend = "onnxruntime", instances = 1, maxBatch = 64, serve = "model" } = options;
  if (options.preset !== undefined && options.model === undefined) {
    throw new HeadraceError("input_invalid", `export: expected a model beside the preset ${options.preset}, found none`, {
      hint: "Leave preset out: the shipped model has its own.",
    });
  }
  const exportRepository = await tritonExporter();
  const model = options.model === undefined ? {} : { model: await servedModel(options.model, options, backend) };
  const preferredBatch = options.preferredBatch === undefined ? {} : { preferredBatch: options.preferredBatch };
  return exportRepository({ output, backend, instances, maxBatch, serve, ...preferredBatch, ...model });
}

async function servedModel(
  file: string,
  options: Pick<TritonExportOptions, "preset" | "signal">,
  backend: "onnxruntime" | "python",
): Promise<ExportedModel> {
  const described = await describeOnnxModel(file, options.signal ?? new AbortController().signal);
  const { path, isBatched, outputType, ...served } = described;
  const preset = options.preset ?? described.preset;
  if (!isBatched) {
    throw new HeadraceError("model_invalid", `export of ${basename(path)}: expected a free batch dimension, found batches of 1`, {
      hint: "Export the model to ONNX again, with a dynamic first dimension.",
    });
  }
  if (outputType === "float64" && backend === "onnxruntime") {
    throw new HeadraceError("model_invalid", `export of ${basename(path)}: expected an output of float32 or float16, found float64`, {
      hint: "Export with --backend python, which rounds to float32, or cast inside the model.",
    });
  }
  return {
    ...served,
    preset,
    name: basename(path, extname(path)),
    graph: path,
    data: weightsOf(path),
    outputType: outputType === "float64" ? "float32" : outputType,
  };
}

/** Returns the weight files of an ONNX graph: the files in its folder whose names occur in the graph. */
function weightsOf(graph: string): readonly string[] {
  const bytes = readFileSync(graph);
  const folder = dirname(graph);
  const beside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== basename(graph));
  return beside.filter(({ name }) => bytes.includes(name)).map(({ name }) => join(folder, name));
}
