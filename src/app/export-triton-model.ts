/** `exportTritonModel`: a model repository for Triton, of the shipped model or of an ONNX file. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { ExportedModel, ExportedRepository } from "../adapters/triton/index.js";
import { HeadraceError } from "../contracts/index.js";
import type { PresetName } from "../kit/index.js";
import { describeOnnxModel, tritonExporter } from "./wiring/registry.js";

export interface TritonExportOptions {
  /** Folder of the repository; made when it is not there. */
  readonly output: string;
  /** "onnxruntime": Triton's own backend. "python": for a Triton that has that one alone. Default "onnxruntime". */
  readonly backend?: "onnxruntime" | "python";
  /** Copies of the model on each device. Default 1. */
  readonly instances?: number;
  /** The most images of one execution. Default 64. */
  readonly maxBatch?: number;
  /** What the batcher aims at; the largest is what clients send. Default: 16 and 32, or `maxBatch` where that is less than 32. */
  readonly preferredBatch?: readonly number[];
  /** Path of an ONNX file, which is served under its file's name. Default: the shipped model. */
  readonly model?: string;
  /** The preprocessing that belongs to the model. Default: none is named, but for the shipped models. */
  readonly preset?: PresetName;
  /**
   * "ensemble": beside a model that takes floats, a step on the server that normalises, and the two as one model that takes
   * uint8. Default "model".
   */
  readonly serve?: "model" | "ensemble";
  readonly signal?: AbortSignal;
}

/** Throws `input_invalid` for a model that is in the folder already or a number that cannot hold, `model_invalid` for the file. */
export async function exportTritonModel(options: TritonExportOptions): Promise<ExportedRepository> {
  const { output, backend = "onnxruntime", instances = 1, maxBatch = 64, serve = "model" } = options;
  if (options.preset !== undefined && options.model === undefined) {
    throw new HeadraceError("input_invalid", `export: expected a model beside the preset ${options.preset}, found none`, {
      hint: "The shipped model names its own preset.",
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
      hint: "Export the model to ONNX anew, with a dynamic first dimension.",
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

/** The files beside a graph that it names: where its weights are. */
function weightsOf(graph: string): readonly string[] {
  const bytes = readFileSync(graph);
  const folder = dirname(graph);
  const beside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== basename(graph));
  return beside.filter(({ name }) => bytes.includes(name)).map(({ name }) => join(folder, name));
}
