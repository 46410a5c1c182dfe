/** The main job: images become rows. Listing → known → read → content → decode → preprocess → embed → store. */

import type { ChainReady } from "../chain/index.js";
import type { Collection, ImageFacts, ImageRef, Item, Key, Lane, Outcome, Reader, Run, RunOptions, Source } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { mebibyte, metadataHash } from "../kit/index.js";
import { contentStage, decodeStage, embedStage, knownStage, preprocessStage, readStage, storeSink } from "../stages/index.js";

/** One image on the way in: where it is, and the key its row gets. */
export interface IngestInput {
  readonly id: Key;
  readonly ref: ImageRef;
}

/** How wide each lane is; the names are the configuration's. */
export interface IngestWidths {
  /** Files read ahead. */
  readonly numWorkers: number;
  readonly preprocessWorkers: number;
  /** Calls of the embedder at once, all workers together. */
  readonly embedParallel: number;
  /** Images of one call of the embedder. */
  readonly embedBatch: number;
  readonly preprocessBatch: number;
  readonly insertBatchSize: number;
  readonly insertMaxBytes: number;
  readonly queueMaxsize: number;
  readonly retry: NonNullable<Lane["retry"]>;
}

export interface IngestPlan {
  readonly name: string;
  readonly inputs: (stop: AbortSignal) => AsyncIterable<IngestInput>;
  readonly collection: Collection;
  /** "omit" for a collection that was empty at the start: nothing can be known. */
  readonly lookups: "include" | "omit";
  /** "omit" when the decoder's pixels are known to be what the model takes. */
  readonly preprocess: "include" | "omit";
  readonly readers: readonly Reader[];
  readonly ready: ChainReady;
  /** Asked for before each batch of the embedder, and compares the chain with the collection again when that may have changed. */
  readonly compared: ChainReady;
  /** Asks the store for a real answer. */
  readonly checkStore: (signal: AbortSignal) => Promise<void>;
  readonly maxFileBytes: number;
  /** Bytes of one tensor and vector, reserved before an image is read. */
  readonly reserveBytes: number;
  readonly lanes: IngestWidths;
  /** Batches that the store is given at once. */
  readonly writers: number;
  readonly settle?: (outcome: Outcome) => void | Promise<void>;
  readonly options: RunOptions;
}

export function ingest(plan: IngestPlan): Run {
  const { collection, ready, lanes } = plan;
  const lane = (more: Lane): Lane => ({ queue: { maxItems: lanes.queueMaxsize }, retry: lanes.retry, ...more });
  const listed = from(imageSource(plan));
  const known = listed.through(knownStage(collection, plan.lookups), lane({ batch: { maxItems: maxLookup, lingerMs: 20 } }));
  const read = known.through(
    readStage(plan.readers, { maxBytes: plan.maxFileBytes, reserveBytes: plan.reserveBytes }),
    lane({ concurrency: lanes.numWorkers, admit: true, queue: { maxItems: maxAhead } }),
  );
  const fresh = plan.lookups === "include" ? read.through(contentStage(collection), lane({ batch: { maxItems: 64, lingerMs: 20 } })) : read;
  const decoded = fresh.through(
    decodeStage(ready),
    lane({ concurrency: lanes.preprocessWorkers, queue: pictures(lanes, lanes.preprocessWorkers) }),
  );
  const tensors =
    plan.preprocess === "include"
      ? decoded.through(preprocessStage(ready), lane({ batch: { maxItems: lanes.preprocessBatch, lingerMs: 50 } }))
      : decoded;
  const rows = tensors.through(
    embedStage(plan.compared),
    lane({
      concurrency: lanes.embedParallel,
      batch: { maxItems: lanes.embedBatch, lingerMs: 50 },
      queue: pictures(lanes, lanes.embedParallel * lanes.embedBatch),
    }),
  );
  const pipeline = rows.into(
    storeSink(collection, { now: Date.now, maxConcurrency: plan.writers, check: plan.checkStore }),
    lane({
      concurrency: plan.writers,
      batch: { maxItems: lanes.insertBatchSize, maxBytes: lanes.insertMaxBytes, lingerMs: 500 },
    }),
  );
  return run(pipeline, plan.options);
}

/** Refs as items; what is known of each reaches the row as its facts. */
export function imageSource({
  name,
  inputs,
  reserveBytes,
  settle,
}: Pick<IngestPlan, "name" | "inputs" | "reserveBytes" | "settle">): Source<ImageRef> {
  return {
    name,
    ...(settle === undefined ? {} : { settle }),
    async *read(stop) {
      let seq = 0;
      for await (const input of inputs(stop)) yield listedItem(seq++, input, reserveBytes);
    },
  };
}

/** A queue of pictures holds what its lanes take next, twice over: more would age in memory, which the garbage collector pays for. */
function pictures({ queueMaxsize }: IngestWidths, takenAtOnce: number): { readonly maxItems: number } {
  return { maxItems: Math.min(queueMaxsize, Math.max(2 * takenAtOnce, minPictures)) };
}

/** Enough to bridge the pauses of one event loop. */
const minPictures = 8;

/** Ids asked for at once. What waits before it is read must be finished by a soft stop, so not many. */
const maxLookup = 100;

/** Names that wait to be read; they hold no bytes, and more of them gain nothing. */
const maxAhead = 16;

/** An image of unknown size is assumed to be this large until it is read. */
const assumedBytes = mebibyte;

function listedItem(seq: number, { id, ref }: IngestInput, reserveBytes: number): Item<ImageRef> {
  const item = { seq, id, facts: listedFacts(ref), bytes: (ref.sizeBytes ?? assumedBytes) + reserveBytes, value: ref };
  return ref.refused === undefined ? item : { ...item, refused: ref.refused };
}

/** Until the collection is asked, an image without metadata is taken for one that has none there either. */
function listedFacts(ref: ImageRef): ImageFacts {
  const metadata = ref.metadata ?? {};
  return {
    source: ref.uri,
    root: ref.root,
    version: ref.version ?? "",
    content: "",
    metadata,
    metadataHash: metadataHash(metadata),
    width: 0,
    height: 0,
    ...(ref.line === undefined ? {} : { line: ref.line }),
  };
}
