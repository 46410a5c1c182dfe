/** Ingestion: images become rows. Listing → known → read → content → decode → preprocess → embed → store. */

import type { ChainReady } from "../chain/index.js";
import type { Collection, ImageFacts, ImageRef, Item, Key, Lane, Outcome, Reader, Run, RunOptions, Source } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { mebibyte, metadataHash } from "../kit/index.js";
import { contentStage, decodeStage, embedStage, knownStage, preprocessStage, readStage, storeSink } from "../stages/index.js";

/** One image to ingest, with the key of its future row. */
export interface IngestInput {
  readonly id: Key;
  readonly ref: ImageRef;
}

/** Numbers of workers and batch sizes of all lanes. The field names are those of the settings. */
export interface IngestWidths {
  /** Number of files that are read at the same time. */
  readonly numWorkers: number;
  readonly preprocessWorkers: number;
  /** Number of images that one decode worker decodes at the same time. */
  readonly imagesPerDecodeWorker: number;
  /** Number of concurrent calls to the embedder, over all workers together. */
  readonly embedParallel: number;
  /** Maximum number of images per call to the embedder. */
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
  /** Whether to look up which images the collection already has. Use "omit" for a collection that is empty at the start. */
  readonly lookups: "include" | "omit";
  /** Use "omit" when the model takes the decoded pixels directly. */
  readonly preprocess: "include" | "omit";
  readonly readers: readonly Reader[];
  readonly ready: ChainReady;
  /** Called before each batch is embedded. If the chain or the collection's passport may have changed, compares them again. */
  readonly readyAndChecked: ChainReady;
  /** Checks the store with a real call. Throws when the call fails. */
  readonly checkStore: (signal: AbortSignal) => Promise<void>;
  readonly maxFileBytes: number;
  /** Bytes of one tensor and one vector. This memory is reserved before an image is read. */
  readonly reserveBytes: number;
  readonly lanes: IngestWidths;
  /** Number of batches that are written to the store concurrently. */
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
    lane({
      concurrency: lanes.preprocessWorkers,
      batchesPerWorker: lanes.imagesPerDecodeWorker,
      queue: imageQueue(lanes, lanes.preprocessWorkers * lanes.imagesPerDecodeWorker),
    }),
  );
  const tensors =
    plan.preprocess === "include"
      ? decoded.through(preprocessStage(ready), lane({ batch: { maxItems: lanes.preprocessBatch, lingerMs: 50 } }))
      : decoded;
  const rows = tensors.through(
    embedStage(plan.readyAndChecked),
    lane({
      concurrency: lanes.embedParallel,
      batch: { maxItems: lanes.embedBatch, lingerMs: 50 },
      queue: imageQueue(lanes, lanes.embedParallel * lanes.embedBatch),
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

/** Turns refs into items. What the listing knows about an image becomes the facts of its item. */
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

/**
 * Limits a queue of decoded images to twice the number that the workers take at once. More images would only fill memory and slow garbage
 * collection.
 */
function imageQueue({ queueMaxsize }: IngestWidths, takenAtOnce: number): { readonly maxItems: number } {
  return { maxItems: Math.min(queueMaxsize, Math.max(2 * takenAtOnce, minQueuedImages)) };
}

/** Minimum length of the queues of decoded images. It keeps workers busy while the event loop is blocked. */
const minQueuedImages = 8;

/** Maximum number of ids per lookup. The number is small because a soft stop must finish all items of a started lookup. */
const maxLookup = 100;

/** Maximum number of listed images that wait to be read. A longer queue is not faster. */
const maxAhead = 16;

/** Assumed number of bytes of an image whose size is unknown until the image is read. */
const assumedBytes = mebibyte;

function listedItem(seq: number, { id, ref }: IngestInput, reserveBytes: number): Item<ImageRef> {
  const item = { seq, id, facts: listedFacts(ref), bytes: (ref.sizeBytes ?? assumedBytes) + reserveBytes, value: ref };
  return ref.refused === undefined ? item : { ...item, refused: ref.refused };
}

/** Facts of an image before it is read. Missing metadata counts as empty until the stored row is looked up. */
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
    ...(ref.data === undefined ? { listed: ref } : {}),
  };
}
