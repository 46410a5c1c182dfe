/** `createCollection`: creates a collection, by default with the dimension of the model and the configured metric. */

import { type Collection, HeadraceError, type Metric } from "../../contracts/index.js";
import { checkCollectionName, refuseUnknownOptions } from "../collections/call-options.js";
import { declaredMetric } from "../collections/declared.js";
import { withCollection } from "../collections/named-collection.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** Settings of a new collection. */
export interface CreateCollectionOptions {
  /**
   * Dimension of the vectors. Default: `milvus.embedding_dim` if it is set, otherwise the dimension of the embedder. Any other value throws
   * `dimension_mismatch`.
   */
  readonly dim?: number;
  /** Metric of the collection. Default: the configured metric, otherwise "cosine". */
  readonly metric?: Metric;
  /** Kind of vector index, by the store's name for it. Default "auto". */
  readonly index?: string;
  /** Type of the ids. Default "text". */
  readonly idType?: "text" | "int64";
  /**
   * What to do if a collection of that name exists. "error" throws `collection_exists`. "keep" leaves the collection unchanged, and throws
   * only if its dimension, metric or id type differs. Default "error".
   */
  readonly ifExists?: "error" | "keep";
}

const optionNames = { dim: true, metric: true, index: true, idType: true, ifExists: true } as const satisfies Record<
  keyof CreateCollectionOptions,
  true
>;

export async function createCollection(parts: PipelineParts, name: string, options: CreateCollectionOptions): Promise<void> {
  checkCollectionName(name);
  refuseUnknownOptions("createCollection", options, optionNames);
  const { dimension, reason } = await newDimension(parts);
  if (options.dim !== undefined && options.dim !== dimension) {
    throw new HeadraceError("dimension_mismatch", `createCollection ${name}: expected dim ${dimension}, ${reason}, found ${options.dim}`, {
      item: name,
      hint: "Leave dim out, or use a model of that dimension.",
    });
  }
  const wanted = { dimension, metric: options.metric ?? declaredMetric(parts.settings, name), idType: options.idType ?? "text" } as const;
  const store = await parts.store(new AbortController().signal);
  try {
    const index = options.index === undefined ? {} : { index: options.index };
    const collection = await store.create(name, { ...wanted, ...index, passport: null });
    await collection.close();
  } catch (error) {
    if (options.ifExists !== "keep" || !HeadraceError.is(error) || error.code !== "collection_exists") throw error;
    await withCollection(parts, name, "read", async (collection) => checkSame(collection, wanted));
  }
}

/** Returns the dimension of a new collection. If `milvus.embedding_dim` is set, the model is not opened. */
async function newDimension(parts: PipelineParts): Promise<{ readonly dimension: number; readonly reason: string }> {
  const configured = parts.settings.milvus?.embeddingDim ?? null;
  if (configured !== null) return { dimension: configured, reason: "the value of milvus.embedding_dim" };
  const { embedder } = await parts.chain(new AbortController().signal);
  return { dimension: embedder.dimension, reason: `the dimension of ${embedder.label}` };
}

function checkSame(existing: Collection, wanted: Pick<Collection, "dimension" | "metric" | "idType">): void {
  const differing = (["dimension", "metric", "idType"] as const).find((key) => existing[key] !== wanted[key]);
  if (differing === undefined) return;
  throw new HeadraceError(
    "collection_exists",
    `createCollection ${existing.name}: expected ${differing} ${wanted[differing]}, found ${existing[differing]} in the existing one`,
    {
      item: existing.name,
      hint: "Use another name, or drop the collection first.",
    },
  );
}
