/** Writes model repositories for a real Triton that has the python backend alone. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { repositoryRoot } from "./process.js";

interface Batching {
  /** Default 32; 0: the model takes one image without a batch dimension. */
  readonly maxBatch?: number;
  /** Default: none, only a batcher. */
  readonly preferred?: readonly number[];
  /** Requests waiting before more are refused. Default: no limit. */
  readonly maxQueue?: number;
  /** Default true. */
  readonly dynamic?: boolean;
  /** Default 1. */
  readonly instances?: number;
}

export type TestModel =
  | GraphModel
  /** The model in `models/`, as it is or behind a fixed orthonormal projection. */
  | (Batching & {
      readonly kind: "shipped";
      readonly name: string;
      /** "float16" is the model that takes float32, told what is half as long on the way. */
      readonly input: "uint8" | "float16" | "float32";
      readonly projectTo?: number;
      readonly preset?: string;
    })
  /** One busy GPU: sleeps `baseMs + rowMs × rows`. Takes images of `size`² (default 224). */
  | (Batching & {
      readonly kind: "sleeping";
      readonly name: string;
      readonly baseMs: number;
      readonly rowMs: number;
      readonly dimension: number;
      /** In config.pbtxt; -1 leaves it open. Default: `dimension`. */
      readonly declaredDimension?: number;
      /** Default "uint8". */
      readonly input?: "uint8" | "float16" | "float32";
      /** Default "float32". */
      readonly output?: "float16" | "float32";
      /** Default 224. */
      readonly size?: number;
      /** A line of JSON for each execution: start_ns, end_ns (monotonic), rows, requests. */
      readonly busyLog?: string;
      /** A row whose first number is this makes its request fail. */
      readonly poison?: number;
      /** What the error then says. Default: which row it was. */
      readonly poisonText?: string;
      /** A row whose first number is `value` keeps its execution for `ms` more. */
      readonly hang?: { readonly value: number; readonly ms: number };
      /** Executions until it answers no more. Default: it always answers. */
      readonly hangAfter?: number;
      /** Of the weights, one for each version. Default: the same for all. */
      readonly seeds?: readonly number[];
      /** Folder of its only version. Default 1. */
      readonly version?: number;
    });

/** An ONNX file as it is. */
export interface GraphModel extends Batching {
  readonly kind: "graph";
  readonly name: string;
  /** Path of the ONNX file. */
  readonly path: string;
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
  readonly preset?: string;
}

interface GraphTensor {
  readonly name: string;
  readonly type: "TYPE_INT64" | "TYPE_FP32";
  /** Without the batch dimension. -1: any size. */
  readonly dims: readonly number[];
}

/** Writes one folder a model below `repository`. Further calls replace or add models. */
export function writeModels(repository: string, models: readonly TestModel[]): void {
  const sources = join(repositoryRoot(), "test", "support", "services", "triton-models");
  for (const model of models) {
    const version = join(repository, model.name, String(model.kind === "sleeping" ? (model.version ?? 1) : 1));
    mkdirSync(version, { recursive: true });
    copyFileSync(join(sources, `${model.kind}.py`), join(version, "model.py"));
    writeFileSync(join(repository, model.name, "config.pbtxt"), configOf(model));
  }
}

function configOf(model: TestModel): string {
  return model.kind === "graph" ? configOfGraph(model) : configOfImages(model);
}

function configOfGraph({ name, path, inputs, outputs, preset, maxBatch = 32 }: GraphModel): string {
  const tensors = (all: readonly GraphTensor[]) =>
    all.map((each) => `{ name: "${each.name}", data_type: ${each.type}, dims: [ ${each.dims.join(", ")} ] }`).join(", ");
  return [
    `name: "${name}"`,
    'backend: "python"',
    `max_batch_size: ${maxBatch}`,
    `input [ ${tensors(inputs)} ]`,
    `output [ ${tensors(outputs)} ]`,
    "instance_group [ { count: 1, kind: KIND_CPU } ]",
    parameterLine("model_path", resolve(repositoryRoot(), path)),
    ...(preset === undefined ? [] : [parameterLine("headrace_preset", preset)]),
    "",
  ].join("\n");
}

function configOfImages(model: Exclude<TestModel, GraphModel>): string {
  const maxBatch = model.maxBatch ?? 32;
  const size = model.kind === "sleeping" ? (model.size ?? 224) : 224;
  const planar = model.kind === "shipped" && model.input !== "uint8";
  const image = planar ? `3, ${size}, ${size}` : `${size}, ${size}, 3`;
  const batch = maxBatch === 0 ? "1, " : "";
  const dimension = model.kind === "sleeping" ? (model.declaredDimension ?? model.dimension) : (model.projectTo ?? 1280);
  const output = model.kind === "sleeping" ? (model.output ?? "float32") : "float32";
  return [
    `name: "${model.name}"`,
    'backend: "python"',
    `max_batch_size: ${maxBatch}`,
    `input [ { name: "images", data_type: ${typeName[model.input ?? "uint8"]}, dims: [ ${batch}${image} ] } ]`,
    `output [ { name: "embedding", data_type: ${typeName[output]}, dims: [ ${batch}${dimension} ] } ]`,
    `instance_group [ { count: ${model.instances ?? 1}, kind: KIND_CPU } ]`,
    ...batcherOf(model),
    ...Object.entries(parametersOf(model)).map(([key, value]) => parameterLine(key, value)),
    "",
  ].join("\n");
}

function parameterLine(key: string, value: string): string {
  return `parameters { key: "${key}", value: { string_value: "${value}" } }`;
}

const typeName = { uint8: "TYPE_UINT8", float16: "TYPE_FP16", float32: "TYPE_FP32" } as const;

function batcherOf(model: Exclude<TestModel, GraphModel>): readonly string[] {
  if (model.dynamic === false || model.maxBatch === 0) return [];
  const preferred = model.preferred === undefined ? "" : ` preferred_batch_size: [ ${model.preferred.join(", ")} ]`;
  const queue = model.maxQueue === undefined ? "" : ` default_queue_policy { max_queue_size: ${model.maxQueue} }`;
  return [`dynamic_batching {${preferred}${queue} }`];
}

function parametersOf(model: Exclude<TestModel, GraphModel>): Readonly<Record<string, string>> {
  if (model.kind === "shipped") {
    const file = model.input === "uint8" ? "efficientnet-lite0-uint8.onnx" : "efficientnet-lite0.onnx";
    return {
      model_path: join(repositoryRoot(), "models", file),
      ...(model.preset === undefined ? {} : { headrace_preset: model.preset }),
      ...(model.projectTo === undefined ? {} : { projection_dimension: String(model.projectTo), projection_seed: "20" }),
    };
  }
  return {
    base_ms: String(model.baseMs),
    row_ms: String(model.rowMs),
    dimension: String(model.dimension),
    ...(model.busyLog === undefined ? {} : { busy_log: model.busyLog }),
    seeds: (model.seeds ?? [7]).join(),
    ...(model.poison === undefined ? {} : { poison_value: String(model.poison) }),
    ...(model.poisonText === undefined ? {} : { poison_text: model.poisonText }),
    ...(model.hang === undefined ? {} : { hang_value: String(model.hang.value), hang_ms: String(model.hang.ms) }),
    ...(model.hangAfter === undefined ? {} : { hang_after: String(model.hangAfter) }),
  };
}
