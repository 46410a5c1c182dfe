/** Ingestion: images become rows. Listing → known → read → content → decode → preprocess → embed → store. */

import type { ChainReady, Labeller, Unread } from "../chain/index.js";
import type {
  Collection,
  Encoded,
  ImageFacts,
  ImageRef,
  IngestInput,
  Item,
  Lane,
  LookedUpRef,
  Outcome,
  Reader,
  Run,
  RunOptions,
  Source,
  Stage,
} from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { mapItems, mebibyte, metadataBytes, metadataHash } from "../kit/index.js";
import {
  contentStage,
  type DamagedImages,
  type DescribeFile,
  decodeStage,
  embedOnceStage,
  embedStage,
  keepMetadataSink,
  knownStage,
  labelSink,
  preprocessStage,
  readOrLeaveStage,
  readStage,
  storeSink,
} from "../stages/index.js";
import type { WriteWidths } from "./write-widths.js";

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
  readonly insertLingerMs: number;
  readonly queueMaxsize: number;
  readonly retry: NonNullable<Lane["retry"]>;
}

export interface IngestPlan extends WriteWidths {
  readonly name: string;
  readonly inputs: (stop: AbortSignal) => AsyncIterable<IngestInput>;
  readonly collection: Collection;
  /** Whether to look up which images the collection already has. Use "omit" for a collection that is empty at the start. */
  readonly lookups: "include" | "omit";
  /** Whether other writers may write rows of the collection at the same time. Their metadata is then kept. Default "excluded". */
  readonly otherWriters?: "possible" | "excluded";
  readonly damaged: DamagedImages;
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
  /** Reads the metadata that the file of an image contains. Absent: rows get none of it. */
  readonly describe?: DescribeFile;
  /** Adds labels to the metadata of the rows. Absent: rows get no labels. */
  readonly label?: Labeller;
  readonly settle?: (outcome: Outcome) => void | Promise<void>;
  readonly options: RunOptions;
}

export function ingest(plan: IngestPlan): Run {
  const { collection, ready, lanes } = plan;
  const lane = (more: Lane): Lane => ({ queue: { maxItems: lanes.queueMaxsize }, retry: lanes.retry, ...more });
  const listed = from(imageSource(plan));
  const known = listed.through(knownStage(collection, plan.lookups), lane({ batch: { maxItems: maxLookup, lingerMs: 20 } }));
  const readLane = lane({ concurrency: lanes.numWorkers, admit: true, queue: { maxItems: maxAhead } });
  const fresh =
    plan.lookups === "include"
      ? known
          .through(readStage(plan.readers, plan), readLane)
          .through(
            contentStage(collection, plan.damaged, plan.describe),
            lane({ concurrency: contentLookups, batch: { maxItems: 64, lingerMs: 20 } }),
          )
      : known.through(readToDecodeStage(plan), readLane);
  const decoded = fresh.through(
    decodeStage(ready, plan.describe),
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
    embedOnceStage(embedStage(plan.readyAndChecked), { maxBytes: maxRecentBytes }),
    lane({
      concurrency: lanes.embedParallel,
      batch: { maxItems: lanes.embedBatch, lingerMs: 50, maxLingerMs: maxEmbedLingerMs },
      queue: imageQueue(lanes, lanes.embedParallel * lanes.embedBatch),
    }),
  );
  const plainStore = storeSink(collection, { now: Date.now, check: plan.checkStore });
  const store = plan.otherWriters === "possible" ? keepMetadataSink(plainStore, collection) : plainStore;
  const pipeline = rows.into(
    plan.label === undefined ? store : labelSink(store, plan.label),
    lane({
      concurrency: plan.writers,
      batchesPerWorker: plan.batchesPerWriter,
      batch: { maxItems: lanes.insertBatchSize, maxBytes: lanes.insertMaxBytes, lingerMs: lanes.insertLingerMs },
    }),
  );
  return run(pipeline, plan.options);
}

/**
 * The read stage of a run that does not look at the bytes between reading and decoding. If `numWorkers` asks for more files at a time than
 * the decode workers would read, reading remains a step of its own.
 */
export function readToDecodeStage(
  plan: Pick<IngestPlan, "readers" | "lanes" | "maxFileBytes" | "reserveBytes">,
): Stage<LookedUpRef, Encoded | Unread> {
  const { numWorkers, preprocessWorkers, imagesPerDecodeWorker } = plan.lanes;
  const stage = numWorkers <= preprocessWorkers * imagesPerDecodeWorker ? readOrLeaveStage : readStage;
  return stage(plan.readers, plan);
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
    read: (stop) => {
      let seq = 0;
      return mapItems(inputs(stop), (input) => listedItem(seq++, input, reserveBytes));
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

/**
 * While images keep coming, a batch waits this long until it is full. A batch that leaves earlier costs the model almost as much as a full
 * one, and at the start of a run, when the decoders are not yet at full speed, the model would compute many small batches.
 */
export const maxEmbedLingerMs = 1_000;

/** Vectors that are remembered for copies of the same image: about 13,000 of 512 numbers. A copy that comes later is embedded again. */
const maxRecentBytes = 32 * mebibyte;

/** Maximum number of ids per lookup. The number is small because a soft stop must finish all items of a started lookup. */
const maxLookup = 100;

/** Maximum number of listed images that wait to be read. A longer queue is not faster. */
const maxAhead = 16;

/** Milvus answers a look-up beside writes only when it has seen the writes, which takes up to 0.2 s. So several look-ups wait at the same time. */
const contentLookups = 4;

/** Assumed number of bytes of an image whose size is unknown until the image is read. */
const assumedBytes = mebibyte;

function listedItem(seq: number, { id, ref, row }: IngestInput, reserveBytes: number): Item<ImageRef> {
  const facts: ImageFacts = row === undefined ? listedFacts(ref) : { ...listedFacts(ref), ...keptFacts(row) };
  const item = { seq, id, facts, bytes: (ref.sizeBytes ?? assumedBytes) + reserveBytes + metadataBytes(facts.metadata), value: ref };
  return ref.refused === undefined ? item : { ...item, refused: ref.refused };
}

function keptFacts({
  facts,
  ingestedAt,
}: NonNullable<IngestInput["row"]>): Pick<ImageFacts, "metadata" | "metadataHash" | "firstIngestedAt"> {
  const { metadata, metadataHash } = facts;
  return { metadata, metadataHash, firstIngestedAt: ingestedAt };
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
