/** The options of `ImageEmbeddingPipeline.open`. */
import type { OwnParts } from "./wiring/pipeline-parts.js";

/** How a pipeline is opened. */
export interface OpenOptions {
  /** When parts are opened. "eager": all at once, with a check of embedder and store. "lazy": each when first needed. Default "eager". */
  readonly parts?: "eager" | "lazy";
  /** Your own adapters, used instead of the configured ones. The pipeline opens and closes each of them once. */
  readonly own?: OwnParts;
  readonly signal?: AbortSignal;
}

export const openOptionNames = { parts: true, own: true, signal: true } as const satisfies Record<keyof OpenOptions, true>;
