/** Texts in the space of the images: the port of models for texts. */
import type { Part } from "./flow.js";
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
  /** Returns one vector of length 1 per text. Throws `word_unknown` if a text is not one of the labels. */
  embedText(texts: readonly string[], signal: AbortSignal): Promise<Vectors>;
}
