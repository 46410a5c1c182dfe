/** Embeds with ONNX Runtime on the CPU, in worker threads. */
import { availableParallelism } from "node:os";
import type { Embedder, Feed, Slab, TensorSpec, Vectors } from "../../contracts/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { type PresetName, rowBytes, SlabPool, takeBuffer, tensorShape, vectorLength, WorkerPool } from "../../kit/index.js";
import { type ModelPlan, planModel } from "./model.js";
import { findModel, type ModelFile } from "./model-file.js";
import { type OnnxSection, onnxSection } from "./options.js";
import type { InferenceAnswer, InferenceRequest, ModelDeclaration, SessionSettings } from "./protocol.js";
import { refuseTelemetry } from "./telemetry.js";

/** Larger batches are not faster on a CPU, and need more memory for activations. */
const preferredBatch = 3;
const maxBatch = 32;

type Pool = WorkerPool<ModelDeclaration, InferenceRequest, InferenceAnswer>;

interface Opened {
  readonly pool: Pool;
  readonly slabs: SlabPool;
  readonly plan: ModelPlan;
  readonly dimension: number;
  readonly feed: Feed;
}

/** Missing options have the defaults of the settings. Nothing is loaded before `open`. */
export function onnxEmbedder(options: Partial<OnnxSection> = {}): OnnxEmbedder {
  return new OnnxEmbedder(options);
}

/**
 * `input`, `dimension`, `feed` and `label` are available after `open`. `open` throws `part_missing` if onnxruntime-node is missing,
 * and `model_invalid` if the model is not an image embedder.
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

  /** Path of the model, names of its tensors and type of the embedding. Needed to export the model for a server. */
  get model(): Pick<ModelPlan, "inputName" | "outputName" | "outputType"> & { readonly path: string } {
    const { inputName, outputName, outputType } = this.#ready().plan;
    return { path: this.#model().path, inputName, outputName, outputType };
  }

  get feed(): Feed {
    return this.#ready().feed;
  }

  get label(): string {
    return `${this.#model().name}, ONNX Runtime`;
  }

  /** The preprocessing that belongs to the model. Null: unknown. */
  get preset(): PresetName | null {
    return this.#model().preset;
  }

  async open(signal: AbortSignal): Promise<void> {
    refuseTelemetry();
    const { path, name } = this.#model();
    const sessions = this.#options.sessions ?? availableParallelism();
    let slabs: SlabPool | null = null;
    const settings: SessionSettings = { modelPath: path, threads: this.#options.threads };
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
        imageSize: this.#options.imageSize,
      });
      const feed = feedOf(plan, sessions);
      // Slabs have the preferred size: larger batches are rare, and must not make every slab large.
      slabs = new SlabPool(rowBytes(plan.input), feed.preferredBatch, sessions * 2);
      const dimension = plan.dimension ?? (await probe(pool, plan, signal));
      this.#opened = { pool, slabs, plan, dimension, feed };
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
    this.#file ??= findModel(this.#options.model);
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
    inputName: plan.inputName,
    outputName: plan.outputName,
    dtype: plan.input.dtype,
    shape: tensorShape(plan.input, rows),
  };
}

/** Runs one inference to find a dimension that the model does not declare. */
async function probe(pool: Pool, plan: ModelPlan, signal: AbortSignal): Promise<number> {
  const { values, shape } = await pool.call(requestOf(plan, 1), new ArrayBuffer(rowBytes(plan.input)), signal);
  if (shape[0] !== 1 || vectorLength(shape.slice(1)) !== values.length || values.length === 0)
    throw wrongShape(plan.outputName, [1, "dimension"], shape);
  return values.length;
}

function wrongShape(what: string, expected: readonly (number | string)[], found: readonly number[]): HeadraceError {
  return new HeadraceError("model_invalid", `${what}: expected an output of [${expected.join(", ")}], found [${found.join(", ")}]`);
}
