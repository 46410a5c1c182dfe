/** What is known of models: what they declare about their inputs and outputs, what a head makes of embeddings, and the hub that they come from. */
import type { Vectors } from "./payloads.js";

/** An input or output. In the shape, a name instead of a number is a dynamic dimension. */
export interface DeclaredTensor {
  readonly name: string;
  /** The type of its numbers, such as "int64" or "float32". Null if it is no tensor. */
  readonly type: string | null;
  readonly shape: readonly (number | string)[];
}

/** The inputs and outputs of a model. */
export interface ModelTensors {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  /** The name of the output that is the embedding. */
  readonly embedding: string;
}

/** The number types of a model's weights, as exports for transformers.js name them. */
export const modelPrecisions = ["fp32", "fp16", "int8", "uint8", "quantized", "q4", "q4f16", "bnb4"] as const;
export type ModelPrecision = (typeof modelPrecisions)[number];

/** A small model on top of embeddings, such as a classifier or a measure of quality. It needs no image. */
export interface Head {
  /** For messages. */
  readonly label: string;
  /** The names of its classes, in the order of its numbers. Null: it does not name them. */
  readonly classes: readonly string[] | null;
  /**
   * What its numbers are: "logits" become probabilities by softmax, or by the sigmoid function if one number decides between two classes.
   * "values" are used as they are.
   */
  readonly numbers: "logits" | "values";
  /** The dimension of the vectors that it takes. Null: it takes any. */
  readonly dimension: number | null;
  /** Returns a row of numbers for each vector. Throws `model_invalid` or `inference_failed`. */
  apply(vectors: Vectors, signal: AbortSignal): Promise<Vectors>;
  close(): Promise<void>;
}

/** A place from which models are fetched by their names. A model that was fetched once is used without asking again. */
export interface ModelHub {
  /** Returns the folder of the model. Fetches it if it is not there. `address`: see `pull`. Throws `model_unavailable` and `config_invalid`. */
  folder(address: string, options: PullOptions, signal: AbortSignal): Promise<string>;
  /**
   * Asks the hub which commit the revision has now, and fetches what is missing of it. `address`: `hf:ORG/NAME`, or with `@` a branch, a tag or a
   * commit. Throws `model_unavailable` and `config_invalid`.
   */
  pull(address: string, options: PullOptions, signal: AbortSignal): Promise<LocalModel>;
  /** The models that were fetched, of all revisions. */
  list(): Promise<readonly LocalModel[]>;
}

export interface PullOptions {
  readonly precision: ModelPrecision;
  /** Called with each piece that arrives. */
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
}

/** A model of a hub, with all its files on this machine. */
export interface LocalModel {
  /** What `embedder.model` calls it: `hf:ORG/NAME`, with `@` and the revision if that is not `main`. */
  readonly model: string;
  readonly commit: string;
  /** See `embedder.precision`. */
  readonly precision: string;
  readonly bytes: number;
  readonly folder: string;
}

/** How far a model is that arrives from a hub. */
export interface FetchProgress {
  /** `hf:ORG/NAME`. */
  readonly model: string;
  /** The file that arrives now. */
  readonly file: string;
  /** Bytes that are there, of all files. */
  readonly bytes: number;
  readonly totalBytes: number;
}
