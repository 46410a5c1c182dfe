/** The options of `ImageEmbeddingPipeline.open`, and the parts that they ask for. */
import type { FetchProgress } from "../contracts/index.js";
import { never, refuseUnknownOptions } from "./collections/call-options.js";
import type { ServiceConfig } from "./configuration/service-config.js";
import { closedOnError } from "./lifetimes/closing.js";
import { type OwnParts, PipelineParts } from "./wiring/pipeline-parts.js";

/** How a pipeline is opened. */
export interface OpenOptions {
  /** When parts are opened. "eager": all at once, with a check of embedder and store. "lazy": each when first needed. Default "eager". */
  readonly parts?: "eager" | "lazy";
  /** Your own adapters, used instead of the configured ones. The pipeline opens and closes each of them once. */
  readonly own?: OwnParts;
  /**
   * Called with a message when another process writes to a collection that a call of this pipeline must write to. Then the call waits until
   * the other process has ended its call. Default: the call throws `lock_held`. Only LanceDB has such a lock.
   */
  readonly onLockHeld?: (message: string) => void;
  /** Called with each piece of a model that arrives from a hub, if `embedder.model` names one that is not on this machine yet. */
  readonly onModelFetch?: (progress: FetchProgress) => void;
  readonly signal?: AbortSignal;
}

const openOptionNames = { parts: true, own: true, onLockHeld: true, onModelFetch: true, signal: true } as const satisfies Record<
  keyof OpenOptions,
  true
>;

export async function openParts(config: ServiceConfig, options: OpenOptions): Promise<PipelineParts> {
  refuseUnknownOptions("open", options, openOptionNames);
  const { own, onLockHeld, onModelFetch } = options;
  const parts = new PipelineParts(config.settings(), own, { onLockHeld, onModelFetch });
  if (options.parts !== "lazy") await closedOnError([parts], () => parts.check(options.signal ?? never()));
  return parts;
}
