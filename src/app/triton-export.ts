/** `exportTritonModel`: a model repository for Triton, of the shipped model or of an ONNX file. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { ExportedModel, ExportedRepository } from "../adapters/triton/index.js";
import { HeadraceError } from "../contracts/index.js";
import { describeOnnxModel, tritonExporter } from "./registry.js";

export interface TritonExportOptions {
  /** Folder of the repository; made when it is not there. */
  readonly output: string;
  /** "onnxruntime": Triton's own backend. "python": for a Triton that has that one alone. Default "onnxruntime". */
  readonly backend?: "onnxruntime" | "python";
  /** Copies of the model on each device. Default 1. */
  readonly instances?: number;
  /** The most images of one execution. Default 64. */
  readonly maxBatch?: number;
  /** What the batcher aims at; the largest is what clients send. Default: 32, or `maxBatch` where that is less. */
  readonly preferredBatch?: readonly number[];
  /** Path of an ONNX file, which is served under its file's name. Default: the shipped model. */
  readonly model?: string;
  readonly signal?: AbortSignal;
}

/** Throws `input_invalid` for a model that is in the folder already or a number that cannot hold, `model_invalid` for the file. */
export async function exportTritonModel(options: TritonExportOptions): Promise<ExportedRepository> {
  const { output, backend = "onnxruntime", instances = 1, maxBatch = 64 } = options;
  const preferredBatch = options.preferredBatch ?? [Math.min(32, maxBatch)];
  const exportRepository = await tritonExporter();
  const signal = options.signal ?? new AbortController().signal;
  const model = options.model === undefined ? {} : { model: await servedModel(options.model, signal) };
  return exportRepository({ output, backend, instances, maxBatch, preferredBatch, ...model });
}

async function servedModel(file: string, signal: AbortSignal): Promise<ExportedModel> {
  const { path, preset, isBatched, ...served } = await describeOnnxModel(file, signal);
  if (!isBatched) {
    throw new HeadraceError("model_invalid", `export of ${basename(path)}: expected a free batch dimension, found batches of 1`, {
      hint: "Export the model to ONNX anew, with a dynamic first dimension.",
    });
  }
  return { ...served, name: basename(path, extname(path)), graph: path, data: weightsOf(path), ...(preset === null ? {} : { preset }) };
}

/** The files beside a graph that it names: where its weights are. */
function weightsOf(graph: string): readonly string[] {
  const bytes = readFileSync(graph);
  const folder = dirname(graph);
  const beside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== basename(graph));
  return beside.filter(({ name }) => bytes.includes(name)).map(({ name }) => join(folder, name));
}
