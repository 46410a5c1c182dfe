/** Writes a model repository for a Triton server. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HeadraceError, type TensorSpec } from "../../../contracts/index.js";
import { type ConfigChoice, configText, type ServedModel } from "./config-text.js";
import { ensembleFiles } from "./ensemble.js";
import { pythonModelText } from "./python-model-text.js";

/** An ONNX model, with the values to write into its config.pbtxt. */
export interface ExportedModel extends ServedModel {
  /** Path of the ONNX file. */
  readonly graph: string;
  /** Paths of the external weight files. Default: none. */
  readonly data?: readonly string[];
}

export interface ExportOptions {
  /** The folder of the model repository, created if missing. The folder must not contain a model of the same name. */
  readonly output: string;
  /** "python": for a Triton without the onnxruntime backend. The server then needs the Python packages onnxruntime and numpy. */
  readonly backend: "onnxruntime" | "python";
  /** Default: the EfficientNet-Lite0 model in this package, which takes uint8. */
  readonly model?: ExportedModel;
  /** Copies of the model per device. Default 1. */
  readonly instances?: number;
  /** Maximum images per execution. Default 32. */
  readonly maxBatch?: number;
  /**
   * Batch sizes that Triton's dynamic batcher prefers. Headrace sends batches of the largest of these sizes. Default: 16 and 32, or
   * `maxBatch` if `maxBatch` is below 32.
   */
  readonly preferredBatch?: number | readonly number[];
  /**
   * "model", the default: writes only the model. "ensemble": for a model that takes floats. Also writes a Python step that converts uint8
   * pixels as the model's preset prescribes, and an ensemble that runs first the step and then the model.
   */
  readonly serve?: "model" | "ensemble";
}

export interface ExportedRepository {
  /** The model name that clients request. */
  readonly modelName: string;
  /** Paths of the files written. */
  readonly files: readonly string[];
}

/**
 * Writes the ONNX file, a `config.pbtxt` with dynamic batching and warm-up, and code for the python backend. Throws `model_invalid` when
 * the ONNX file or a weight file is missing. Throws `input_invalid` when the model exists already, when a number is invalid, or when an
 * ensemble is requested for a model that takes uint8 or has no preset.
 */
export function exportRepository(options: ExportOptions): ExportedRepository {
  const { backend, model = shippedModel(), instances = 1, maxBatch = 32, serve = "model" } = options;
  const preferredBatch = [options.preferredBatch ?? (maxBatch < 32 ? maxBatch : [16, 32])].flat();
  checkCounts({ instances, maxBatch, preferredBatch });
  const output = resolve(options.output);
  const around = serve === "ensemble" ? ensembleFiles({ model, instances, maxBatch }) : null;
  checkNew([join(output, model.name), ...(around?.folders ?? []).map((folder) => join(output, folder))]);
  const files = writeModel(join(output, model.name), { backend, model, instances, maxBatch, preferredBatch });
  if (around === null) return { modelName: model.name, files };
  for (const folder of around.folders) mkdirSync(join(output, folder, "1"), { recursive: true });
  const written = around.files.map(({ path, text }) => {
    writeFileSync(join(output, path), text);
    return join(output, path);
  });
  return { modelName: around.modelName, files: [...files, ...written] };
}

function checkNew(folders: readonly string[]): void {
  const found = folders.find((folder) => existsSync(folder));
  if (found === undefined) return;
  throw new HeadraceError("input_invalid", `export to ${found}: expected no such folder, found one`, {
    hint: "Remove the folder, or export to another one.",
  });
}

interface WrittenModel extends ConfigChoice {
  readonly model: ExportedModel;
}

function writeModel(folder: string, choice: WrittenModel): readonly string[] {
  const { model, backend } = choice;
  const version = join(folder, "1");
  const weights = [model.graph, ...(model.data ?? [])];
  for (const file of weights) {
    if (!existsSync(file)) throw new HeadraceError("model_invalid", `export of ${model.name}: expected the file ${file}, found none`);
  }
  mkdirSync(version, { recursive: true });
  const config = join(folder, "config.pbtxt");
  writeFileSync(config, configText(choice));
  const copies = weights.map((file, i) => copyInto(version, file, i === 0 ? "model.onnx" : basename(file)));
  if (backend === "onnxruntime") return [config, ...copies];
  const code = join(version, "model.py");
  writeFileSync(code, pythonModelText);
  return [config, code, ...copies];
}

/** The model in this package's `models` folder. The model takes uint8 images and normalises the pixels itself. */
function shippedModel(): ExportedModel {
  const models = join(packageRoot(), "models");
  const input: TensorSpec = { dtype: "uint8", layout: "NHWC", width: 224, height: 224 };
  return {
    name: "efficientnet_lite0",
    graph: join(models, "efficientnet-lite0-uint8.onnx"),
    data: [join(models, "efficientnet-lite0.onnx.data")],
    inputName: "images",
    outputName: "embedding",
    input,
    dimension: 1280,
    preset: "efficientnet-lite",
  };
}

/** Searches upwards from this file for the folder of the package, so the function works from any build folder. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isPackageRoot(folder)) {
    const parent = dirname(folder);
    if (parent === folder) throw new HeadraceError("model_invalid", "export: expected headrace's own models folder, found none");
    folder = parent;
  }
  return folder;
}

function isPackageRoot(folder: string): boolean {
  const file = join(folder, "package.json");
  return existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name?: string }).name === "headrace";
}

function copyInto(folder: string, file: string, name: string): string {
  const target = join(folder, name);
  copyFileSync(file, target);
  return target;
}

interface Counts {
  readonly instances: number;
  readonly maxBatch: number;
  readonly preferredBatch: readonly number[];
}

function checkCounts({ instances, maxBatch, preferredBatch }: Counts): void {
  const counts = [
    ["instances", instances],
    ["maxBatch", maxBatch],
    ...preferredBatch.map((size) => ["preferredBatch", size] as const),
  ] as const;
  for (const [name, value] of counts) {
    if (!Number.isInteger(value) || value < 1) {
      throw new HeadraceError("input_invalid", `export: expected ${name} to be a whole number of at least 1, found ${value}`);
    }
  }
  const largest = Math.max(...preferredBatch);
  if (largest > maxBatch) {
    throw new HeadraceError("input_invalid", `export: expected preferredBatch of at most maxBatch ${maxBatch}, found ${largest}`);
  }
}
