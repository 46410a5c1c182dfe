/** Embeds with ONNX Runtime on the CPU, in worker threads. */
import { availableParallelism } from "node:os";
import type { Embedder, Feed, ModelTensors, Slab, TensorSpec, Vectors } from "../../contracts/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { type PresetName, rowBytes, SlabPool, takeBuffer, tensorShape, vectorLength, WorkerPool } from "../../kit/index.js";
import { type ModelPlan, planModel } from "./model.js";
import { findModel, type ModelFile } from "./model-file.js";
import { type OnnxSection, onnxSection } from "./options.js";
import type { InferenceAnswer, InferenceRequest, ModelDeclaration, SessionSettings } from "./protocol.js";
import { refuseTelemetry } from "./telemetry.js";

/** Preferred number of images per batch. On a CPU, larger batches are not faster and need more memory. */
const preferredBatch = 3;
const maxBatch = 32;

type Pool = WorkerPool<ModelDeclaration, InferenceRequest, InferenceAnswer>;

interface Opened {
  readonly pool: Pool;
  readonly slabs: SlabPool;
  readonly plan: ModelPlan;
  readonly declared: ModelDeclaration;
  readonly dimension: number;
  readonly feed: Feed;
}

/** Makes an embedder. A missing option has the default of the setting with the same name. `open` loads ONNX Runtime and the model. */
export function onnxEmbedder(options: Partial<OnnxSection> = {}): OnnxEmbedder {
  return new OnnxEmbedder(options);
}

/**
 * `input`, `dimension`, `feed` and `label` can be read after `open`. `open` throws `part_missing` if the package onnxruntime-node is
 * missing, and `model_invalid` if the model does not convert images to vectors.
 */
export class OnnxEmbedder implements Embedder {
  readonly name = "onnx";
  readonly #options: OnnxSection;
  #opened: Opened | null = null;
  #file: ModelFile | null = null;

  constructor(options: Partial<OnnxSection>) {
    this.#options = { ...onnxSection.parse({}), ...options };
  }

  get input(): TensorSpec {
    return this.#ready().plan.input;
  }

  get dimension(): number {
    return this.#ready().dimension;
  }

  /** The path of the model, the names of its tensors, and the number type of the embedding. `headrace triton export` needs these values. */
  get model(): Pick<ModelPlan, "inputName" | "outputName" | "outputType"> & { readonly path: string } {
    const { inputName, outputName, outputType } = this.#ready().plan;
    return { path: this.#model().path, inputName, outputName, outputType };
  }

  get tensors(): ModelTensors {
    const { declared, plan } = this.#ready();
    return { ...declared, embedding: plan.outputName };
  }

  get feed(): Feed {
    return this.#ready().feed;
  }

  get label(): string {
    return `${this.#model().name}, ONNX Runtime`;
  }

  /** The preset that belongs to the model. Null: the model does not name one. */
  get preset(): PresetName | null {
    return this.#model().preset;
  }

  /** The `preprocessor_config.json` in the folder of the model. Null if there is none. */
  get presetFile(): string | null {
    return this.#model().presetFile;
  }

  async open(signal: AbortSignal): Promise<void> {
    refuseTelemetry();
    const { path, name } = this.#model();
    const sessions = this.#options.sessions ?? availableParallelism();
    let slabs: SlabPool | null = null;
    const settings: SessionSettings = { modelPath: path, threads: this.#options.threads, niceness: this.#options.niceness };
    const pool: Pool = new WorkerPool({
      name: `ONNX Runtime with ${name}`,
      url: new URL("./worker.js", import.meta.url),
      settings,
      size: sessions,
      giveBack: (buffer) => slabs?.giveBack(buffer),
    });
    const declared = await pool.open(signal);
    try {
      const plan = planModel(declared, {
        model: name,
        outputName: this.#options.outputName,
        pooling: this.#options.pooling,
        imageSize: this.#options.imageSize,
      });
      const feed = feedOf(plan, sessions);
      // Slabs are as large as a preferred batch. Larger batches are rare, so making all slabs larger would waste memory.
      slabs = new SlabPool(rowBytes(plan.input), feed.preferredBatch, sessions * 2);
      const dimension = plan.dimension ?? (await probe(pool, plan, signal));
      this.#opened = { pool, slabs, plan, declared, dimension, feed };
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    const { values } = await this.embed(this.lease(1), signal);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      throw new HeadraceError(
        "model_invalid",
        `model ${this.#model().name}: expected finite numbers, found ${values[wrong]} at position ${wrong}`,
      );
    }
  }

  lease(rows: number): Slab {
    const { slabs, feed } = this.#ready();
    if (rows < 1 || rows > feed.maxBatch) {
      throw new HeadraceError("contract_broken", `${this.label}: expected a batch of 1 to ${feed.maxBatch} rows, found ${rows}`);
    }
    return slabs.lease(rows);
  }

  async embed(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    const { pool, plan, dimension } = this.#ready();
    const { rows } = slab;
    const { values, shape } = await pool.call(requestOf(plan, rows), takeBuffer(slab), signal);
    if (shape[0] !== rows || values.length !== rows * dimension) throw wrongShape(this.label, [rows, dimension], shape);
    return { dimension, values };
  }

  async close(): Promise<void> {
    await this.#opened?.pool.close();
  }

  #model(): ModelFile {
    this.#file ??= findModel(this.#options);
    return this.#file;
  }

  #ready(): Opened {
    if (this.#opened === null)
      throw new HeadraceError("contract_broken", "ONNX embedder: expected open() before use, found no call of open()");
    return this.#opened;
  }
}

function feedOf(plan: ModelPlan, sessions: number): Feed {
  const most = plan.maxBatch ?? maxBatch;
  return { preferredBatch: Math.min(preferredBatch, most), maxBatch: most, parallel: sessions };
}

function requestOf(plan: ModelPlan, rows: number): InferenceRequest {
  return {
    inputs: [{ name: plan.inputName, dtype: plan.input.dtype, shape: tensorShape(plan.input, rows) }],
    outputName: plan.outputName,
    pooling: plan.pooling,
  };
}

/** Finds the dimension of the vectors with one inference, for a model that does not declare the dimension. */
async function probe(pool: Pool, plan: ModelPlan, signal: AbortSignal): Promise<number> {
  const { values, shape } = await pool.call(requestOf(plan, 1), new ArrayBuffer(rowBytes(plan.input)), signal);
  if (shape[0] !== 1 || vectorLength(shape.slice(1)) !== values.length || values.length === 0)
    throw wrongShape(plan.outputName, [1, "dimension"], shape);
  return values.length;
}

function wrongShape(what: string, expected: readonly (number | string)[], found: readonly number[]): HeadraceError {
  return new HeadraceError("model_invalid", `${what}: expected an output of [${expected.join(", ")}], found [${found.join(", ")}]`);
}
