/** The calls of the library that a test kills, and how each ends. The model is a fake one, so that a call takes little time. */
import { memoryEmbedder } from "../../src/adapters/memory/index.js";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import { ImageEmbeddingPipeline, type ListingRequest, listInputs, ServiceConfig } from "../../src/app/index.js";
import type { OwnParts } from "../../src/app/wiring/pipeline-parts.js";
import type { Outcome } from "../../src/contracts/index.js";

export const verbs = ["ingest", "sync", "retry"] as const;

/** What to call. */
export interface Call {
  readonly verb: (typeof verbs)[number];
  readonly source: ListingRequest;
  readonly collectionName: string;
  readonly config: ConstructorParameters<typeof ServiceConfig>[0];
}

/** How a call ended. */
export interface CallEnd {
  readonly ended: string;
  readonly images: number;
  readonly deadLetterPath: string;
}

export interface CallOptions {
  readonly own?: OwnParts;
  readonly onOutcome?: (outcome: Outcome) => void;
}

export async function makeCall(call: Call, { own = fakeParts(), onOutcome = () => undefined }: CallOptions = {}): Promise<CallEnd> {
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(call.config), { parts: "lazy", own });
  const run = await start(pipeline, call, onOutcome);
  const { ended, upkeepError, read } = await run.done;
  return { ended: upkeepError?.message ?? ended, images: read, deadLetterPath: run.deadLetterPath };
}

export function fakeParts() {
  return { embedder: memoryEmbedder(), decoder: sharpDecoder() };
}

function start(pipeline: ImageEmbeddingPipeline, { verb, source, collectionName }: Call, onOutcome: (outcome: Outcome) => void) {
  switch (verb) {
    case "ingest":
      return pipeline.ingest({ inputs: listInputs(source), collectionName, schedule: "overlapped", onOutcome });
    case "sync":
      return pipeline.sync({ source, collectionName, missing: "delete", onOutcome });
    case "retry":
      return pipeline.retryFailures({ collectionName, onOutcome });
    default:
      return verb satisfies never;
  }
}
