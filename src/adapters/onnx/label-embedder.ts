/** Embeds words that are labels of the shipped classifier. The vector of a label is its row of the last layer. */
import { readFile } from "node:fs/promises";
import { HeadraceError, type Label, type Vectors } from "../../contracts/index.js";
import { unitRows } from "../../kit/index.js";
import { readClassVectors } from "./class-vectors.js";
import { wordUnknown } from "./errors.js";
import { LabelWords, type WordsFile } from "./label-words.js";

/** Number of labels that an error suggests. */
const suggestions = 5;

interface Opened {
  readonly vectors: Vectors;
  readonly words: LabelWords;
}

/** `dimension` and `labels` can be read after `open`. */
export class LabelEmbedder {
  readonly name = "labels";
  readonly label: string;
  readonly #modelPath: string;
  readonly #wordsPath: string;
  #opened: Opened | null = null;

  constructor(model: string, modelPath: string, wordsPath: string) {
    this.label = `labels of ${model}`;
    this.#modelPath = modelPath;
    this.#wordsPath = wordsPath;
  }

  get dimension(): number {
    return this.#ready().vectors.dimension;
  }

  get labels(): readonly Label[] {
    return this.#ready().words.labels;
  }

  async open(): Promise<void> {
    const [vectors, words] = await Promise.all([readClassVectors(this.#modelPath, "embedding"), readFile(this.#wordsPath, "utf8")]);
    this.#opened = { vectors: unitRows(vectors), words: new LabelWords(JSON.parse(words) as WordsFile) };
  }

  /** A word that means several labels gets their mean. Throws `word_unknown` if a text is no label. */
  async embedText(texts: readonly string[]): Promise<Vectors> {
    const { vectors, words } = this.#ready();
    const { dimension } = vectors;
    const values = new Float32Array(texts.length * dimension);
    for (const [row, text] of texts.entries()) {
      const labels = words.find(text);
      if (labels.length === 0) throw wordUnknown(text, words.nearest(text, suggestions));
      for (const label of labels) {
        for (let i = 0; i < dimension; i += 1) values[row * dimension + i]! += vectors.values[label * dimension + i]!;
      }
    }
    return unitRows({ dimension, values });
  }

  #ready(): Opened {
    if (this.#opened === null)
      throw new HeadraceError("contract_broken", `${this.label}: expected open() before use, found no call of open()`);
    return this.#opened;
  }
}
