/** Embedders that keep the first numbers of each vector, for models that were trained so that these are a vector themselves. */
import { type Embedder, HeadraceError, type ModelTensors, type Slab, type TextEmbedder, type Vectors } from "../../contracts/index.js";
import { unitRows } from "../../kit/index.js";
import type { Settings } from "../configuration/settings.js";
import { ForwardingEmbedder } from "./forwarding-embedder.js";

type Wishes = Pick<Settings["embedder"], "dimensions" | "matryoshka">;

/** `embedder` must be open. Throws `config_conflict` if its model was not trained for this length. */
export function shortenedEmbedder(embedder: Embedder, wishes: Wishes): Embedder {
  const dimension = chosenDimension(embedder, wishes);
  return dimension === embedder.dimension ? embedder : new ShortenedEmbedder(embedder, dimension);
}

/** The same for the model for texts: its vectors have length 1 again. */
export function shortenedTextEmbedder(embedder: TextEmbedder, wishes: Wishes): TextEmbedder {
  const dimension = chosenDimension(embedder, wishes);
  return dimension === embedder.dimension ? embedder : new ShortenedTextEmbedder(embedder, dimension);
}

function chosenDimension({ label, dimension }: { readonly label: string; readonly dimension: number }, wishes: Wishes): number {
  const { dimensions, matryoshka } = wishes;
  if (dimensions === null || dimensions === dimension) return dimension;
  if (dimensions < dimension && matryoshka.includes(dimensions)) return dimensions;
  const lengths = matryoshka.filter((length) => length < dimension).join(", ");
  const found = lengths === "" ? "and `embedder.matryoshka` names no shorter lengths" : `and \`embedder.matryoshka\` names ${lengths}`;
  throw new HeadraceError(
    "config_conflict",
    `embedder.dimensions: expected ${dimension}, the dimension of ${label}, or a length for which it was trained, found ${dimensions}, ${found}`,
    { hint: "Write the lengths for which the model was trained into `embedder.matryoshka`. Its description names them, if there are any." },
  );
}

class ShortenedEmbedder extends ForwardingEmbedder {
  readonly #dimension: number;

  constructor(inner: Embedder, dimension: number) {
    super(inner);
    this.#dimension = dimension;
  }

  override get dimension(): number {
    return this.#dimension;
  }

  override get label(): string {
    return shortLabel(this.inner.label, this.#dimension);
  }

  override async embed(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    return cutRows(await super.embed(slab, signal), this.#dimension);
  }
}

class ShortenedTextEmbedder implements TextEmbedder {
  readonly #inner: TextEmbedder;

  constructor(
    inner: TextEmbedder,
    readonly dimension: number,
  ) {
    this.#inner = inner;
  }

  get name(): string {
    return this.#inner.name;
  }

  get label(): string {
    return shortLabel(this.#inner.label, this.dimension);
  }

  get labels(): TextEmbedder["labels"] {
    return this.#inner.labels;
  }

  get tensors(): ModelTensors | null {
    return this.#inner.tensors ?? null;
  }

  async embedText(texts: readonly string[], signal: AbortSignal): Promise<Vectors> {
    return unitRows(cutRows(await this.#inner.embedText(texts, signal), this.dimension));
  }
}

function shortLabel(label: string, dimension: number): string {
  return `${label}, first ${dimension} numbers`;
}

function cutRows({ dimension: whole, values }: Vectors, dimension: number): Vectors {
  const rows = values.length / whole;
  const cut = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row += 1) cut.set(values.subarray(row * whole, row * whole + dimension), row * dimension);
  return { dimension, values: cut };
}
