/** `createCollection`: with the model's dimension and the configured metric, where the caller says nothing else. */
import { type Collection, HeadraceError, type Metric } from "../contracts/index.js";
import { checkCollectionName, refuseUnknownOptions } from "./call-options.js";
import { withCollection } from "./collections/named-collection.js";
import { declaredMetric } from "./ingest-images.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

export interface CreateCollectionOptions {
  /** Default: `milvus.embedding_dim`, else the embedder's dimension. Another one is refused as `dimension_mismatch`. */
  readonly dim?: number;
  /** Default: as configured, else cosine. */
  readonly metric?: Metric;
  /** The store's own kind of index. Default "auto". */
  readonly index?: string;
  /** Default "text". */
  readonly idType?: "text" | "int64";
  /** What to do with one of that name: "error" throws `collection_exists`; "keep" leaves it as it is, if it takes the same rows. Default "error". */
  readonly ifExists?: "error" | "keep";
}

const optionNames = { dim: true, metric: true, index: true, idType: true, ifExists: true } as const satisfies Record<
  keyof CreateCollectionOptions,
  true
>;

export async function createCollection(parts: PipelineParts, name: string, options: CreateCollectionOptions): Promise<void> {
  checkCollectionName(name);
  refuseUnknownOptions("createCollection", options, optionNames);
  const { dimension, from } = await newDimension(parts);
  if (options.dim !== undefined && options.dim !== dimension) {
    throw new HeadraceError("dimension_mismatch", `Expected dim ${dimension}, as ${from}, but received ${options.dim}.`, {
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

/** Of a new collection; with `milvus.embedding_dim`, nothing has to be opened to know it. */
async function newDimension(parts: PipelineParts): Promise<{ readonly dimension: number; readonly from: string }> {
  const configured = parts.settings.milvus?.embeddingDim ?? null;
  if (configured !== null) return { dimension: configured, from: "milvus.embedding_dim says" };
  const { embedder } = await parts.chain(new AbortController().signal);
  return { dimension: embedder.dimension, from: `${embedder.label} makes` };
}

function checkSame(there: Collection, wanted: Pick<Collection, "dimension" | "metric" | "idType">): void {
  const differing = (["dimension", "metric", "idType"] as const).find((key) => there[key] !== wanted[key]);
  if (differing === undefined) return;
  throw new HeadraceError(
    "collection_exists",
    `Collection ${there.name} exists with ${differing} ${there[differing]}, but ${wanted[differing]} was asked for.`,
    {
      item: there.name,
      hint: "Use another name, or drop the collection first.",
    },
  );
}
