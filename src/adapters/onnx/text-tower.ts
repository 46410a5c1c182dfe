/** Embeds any text with the text model of a CLIP or SigLIP, in one worker thread. */
import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { HeadraceError, type ModelTensors, type Tokenizer, type Vectors } from "../../contracts/index.js";
import { planTextModel, type TextPlan, type TokenTensor, textTensors, unitRows, WorkerPool } from "../../kit/index.js";
import { modelNotFound } from "./errors.js";
import type { InferenceAnswer, InferenceRequest, InputTensor, ModelDeclaration, SessionSettings } from "./protocol.js";
import { refuseTelemetry } from "./telemetry.js";

type Pool = WorkerPool<ModelDeclaration, InferenceRequest, InferenceAnswer>;

export interface TextTowerOptions {
  /** Path of the ONNX file. */
  readonly model: string;
  readonly openTokenizer: () => Promise<Tokenizer>;
  /** Threads of ONNX Runtime. */
  readonly threads: number;
}

interface Opened {
  readonly pool: Pool;
  readonly plan: TextPlan;
  readonly declared: ModelDeclaration;
  readonly tokenizer: Tokenizer;
}

export class TextTower {
  readonly name = "text";
  readonly label: string;
  readonly labels = null;
  readonly #options: TextTowerOptions;
  readonly #path: string;
  #opened: Opened | null = null;
  #dimension = 0;

  constructor(options: TextTowerOptions) {
    this.#options = options;
    this.#path = resolve(options.model);
    this.label = `${basename(options.model)}, ONNX Runtime`;
  }

  /** Known after `open`. */
  get dimension(): number {
    return this.#dimension;
  }

  get tensors(): ModelTensors | null {
    return this.#opened === null ? null : { ...this.#opened.declared, embedding: this.#opened.plan.outputName };
  }

  async open(signal: AbortSignal): Promise<void> {
    if (!existsSync(this.#path)) throw modelNotFound(this.#path);
    refuseTelemetry();
    const tokenizer = await this.#options.openTokenizer();
    const settings: SessionSettings = { modelPath: this.#path, threads: this.#options.threads, niceness: 0 };
    const url = new URL("./worker.js", import.meta.url);
    const pool: Pool = new WorkerPool({ name: `ONNX Runtime with ${this.label}`, url, settings, size: 1, giveBack: () => {} });
    const declaration = await pool.open(signal);
    try {
      const opened = { pool, tokenizer, declared: declaration, plan: planTextModel(declaration, this.#path) };
      this.#dimension = (await this.#embedOne(opened, "a", signal)).length;
      this.#opened = opened;
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** One text after the other: the result then does not depend on the other texts, and queries are few. */
  async embedText(texts: readonly string[], signal: AbortSignal): Promise<Vectors> {
    if (this.#opened === null)
      throw new HeadraceError("contract_broken", `${this.label}: expected open() before use, found no call of open()`);
    const values = new Float32Array(texts.length * this.#dimension);
    for (const [row, text] of texts.entries()) values.set(await this.#embedOne(this.#opened, text, signal), row * this.#dimension);
    return { dimension: this.#dimension, values };
  }

  async close(): Promise<void> {
    await this.#opened?.pool.close();
  }

  async #embedOne({ pool, plan, tokenizer }: Opened, text: string, signal: AbortSignal): Promise<Float32Array> {
    const inputs = textTensors(plan, tokenizer, text);
    const { values } = await pool.call(
      { inputs: inputs.map(declared), outputName: plan.outputName, pooling: null },
      joined(inputs),
      signal,
    );
    const vector = unitRows({ dimension: values.length, values }).values;
    if (vector.every(Number.isFinite)) return vector;
    throw new HeadraceError(
      "model_invalid",
      `model for texts ${this.#path}: expected finite numbers for "${text.slice(0, 80)}", found others`,
    );
  }
}

function declared({ name, dtype, shape }: TokenTensor): InputTensor {
  return { name, dtype, shape };
}

function joined(tensors: readonly TokenTensor[]): ArrayBuffer {
  const all = new Uint8Array(tensors.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
  let at = 0;
  for (const { bytes } of tensors) {
    all.set(bytes, at);
    at += bytes.byteLength;
  }
  return all.buffer;
}
