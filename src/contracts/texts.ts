/** Texts in the space of the images: the port of models for texts. */
import type { Part } from "./flow.js";
import type { ModelTensors } from "./models.js";
import type { Vectors } from "./payloads.js";

/** A class that a model tells apart. */
export interface Label {
  /** The name that is shown. */
  readonly text: string;
  /** Other names for the same class. */
  readonly synonyms: readonly string[];
}

/** Computes vectors of texts that are comparable with the embeddings of images. Used for searches by words and for labels. */
export interface TextEmbedder extends Part {
  /** Name of the model, to show to users. */
  readonly label: string;
  /** The dimension of the image embeddings. Known after `open`. */
  readonly dimension: number;
  /** The only texts that the model knows. Known after `open`. null: any text. */
  readonly labels: readonly Label[] | null;
  /** Known after `open`. Absent or null: there is no model of its own for texts. */
  readonly tensors?: ModelTensors | null;
  /** Returns one vector of length 1 per text. Throws `word_unknown` if a text is not one of the labels. */
  embedText(texts: readonly string[], signal: AbortSignal): Promise<Vectors>;
}

/** Identifies a model for texts. */
export interface TextProbes {
  /** Name of the model, to show to users. */
  readonly label: string;
  /** The vectors of two fixed texts. */
  readonly probes: readonly (readonly number[])[];
}

/** Splits texts into the tokens that a model for texts takes. */
export interface Tokenizer {
  /** Most tokens per text, from the configuration of the tokenizer. null: not known. */
  readonly maxTokens: number | null;
  /** The token that fills up a text for a model with a fixed number of tokens. */
  readonly padToken: number;
  /** Returns the tokens of a text with the special tokens around them. A text that is too long is cut, and keeps its special tokens. */
  encode(text: string, maxTokens: number | null): readonly number[];
}
