/** Makes the calls of a history with the library, as a program does. The model is a fake one; images are really decoded. */
import { Readable } from "node:stream";
import { memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { sharpDecoder } from "../../../src/adapters/sharp/index.js";
import { ImageEmbeddingPipeline, type InsertStats, type ListingRequest, listInputs, ServiceConfig } from "../../../src/app/index.js";
import { HeadraceError, type Outcome, type VectorStore } from "../../../src/contracts/index.js";
import type { Call, CallSource } from "./calls.js";

export const collectionName = "history";

/** How a call ended. */
export interface Ended {
  /** Every image was tried, and nothing went wrong that is not about a single image. */
  readonly completed: boolean;
  readonly failed: number;
  readonly pruned: number;
  readonly kept: Readonly<Record<string, number>>;
  /** The code of the error that ended the call, or of an error after the last row. */
  readonly error: string | null;
}

export const quiet: Ended = { completed: true, failed: 0, pruned: 0, kept: {}, error: null };

export interface CallHooks {
  /** Called for each file in a folder that is no image, while the folder is listed. */
  readonly onLeftOut?: () => void;
  readonly onOutcome?: (outcome: Outcome) => void;
}

export function openPipeline(folder: string, store: VectorStore): Promise<ImageEmbeddingPipeline> {
  const damaged = "keep";
  const own = { store, embedder: memoryEmbedder(), decoder: sharpDecoder({ damaged }) };
  return ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder }, preprocess: { damaged } }), { parts: "lazy", own });
}

export async function makeCall(pipeline: ImageEmbeddingPipeline, call: Call, hooks: CallHooks = {}): Promise<Ended> {
  const before = process.cwd();
  process.chdir(call.source.cwd);
  try {
    return await ended(pipeline, call, hooks);
  } catch (error) {
    if (!HeadraceError.is(error)) throw error;
    return { completed: false, failed: 0, pruned: 0, kept: {}, error: error.code };
  } finally {
    process.chdir(before);
  }
}

async function ended(pipeline: ImageEmbeddingPipeline, { verb, source, share, containers, files }: Call, hooks: CallHooks): Promise<Ended> {
  const request = listingOf(source, hooks);
  const { onOutcome = () => undefined } = hooks;
  switch (verb) {
    case "ingest":
      return endOf(await (await pipeline.ingest({ inputs: listInputs(request), collectionName, schedule: "overlapped", onOutcome })).done);
    case "sync":
    case "prune": {
      const limit = share === null ? {} : { maxDeletions: { share } };
      const missing = verb === "sync" ? "keep" : "delete";
      const gone = containers === "prune" ? ({ goneContainers: "prune" } as const) : {};
      const stats = await (await pipeline.sync({ source: request, collectionName, missing, onOutcome, ...limit, ...gone })).done;
      return { ...endOf(stats), pruned: stats.pruned, kept: (stats as { readonly kept?: Ended["kept"] }).kept ?? {} };
    }
    case "verify": {
      const { repair } = await pipeline.verify({ source: request, collectionName, purpose: "repair" });
      return repair === null ? quiet : endOf(repair);
    }
    case "retry":
      return endOf(await (await pipeline.retryFailures({ collectionName, onOutcome })).done);
    case "restore": {
      const all: Ended[] = [];
      for (const file of files) all.push(endOf(await (await pipeline.restore({ collectionName, file }).start()).done));
      return all.find(({ completed }) => !completed) ?? quiet;
    }
    default:
      return verb satisfies never;
  }
}

function endOf({ ended: how, failed, upkeepError, error }: Pick<InsertStats, "ended" | "failed" | "upkeepError" | "error">): Ended {
  return { completed: how === "completed", failed, pruned: 0, kept: {}, error: upkeepError?.code ?? error?.code ?? null };
}

function listingOf({ paths, manifest, stdin }: CallSource, { onLeftOut }: CallHooks): ListingRequest {
  return {
    paths,
    ...(manifest === undefined ? {} : { manifest }),
    ...(stdin === undefined ? {} : { stdin: () => Readable.from([stdin]) }),
    ...(onLeftOut === undefined ? {} : { onLeftOut }),
  };
}
