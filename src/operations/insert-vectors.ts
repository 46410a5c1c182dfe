/** Stores vectors that came without their images: list → known → vectors → store. */
import type { Collection, IngestInput, Outcome, Run, RunOptions } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { type GivenVectors, givenVectorsStage, keepMetadataSink, knownStage, storeSink } from "../stages/index.js";
import { imageSource } from "./ingest.js";
import { batchRows } from "./rows.js";
import type { WriteWidths } from "./write-widths.js";

export interface VectorsPlan extends WriteWidths, Pick<GivenVectors, "normalize"> {
  readonly collection: Collection;
  /** The images that the vectors belong to. The version of each is that of its vector. */
  readonly inputs: (stop: AbortSignal) => AsyncIterable<IngestInput>;
  /** One per input. That of a refused input is not used. */
  readonly vectors: readonly Float32Array[];
  /** Maximum number of bytes per write. */
  readonly writeMaxBytes: number;
  /** Checks the store with a real call. Throws when the call fails. */
  readonly checkStore: (signal: AbortSignal) => Promise<void>;
  readonly settle?: (outcome: Outcome) => void;
  readonly options: RunOptions;
}

/** A row that has its vector and metadata already is skipped, so the same vectors can be sent again. */
export function insertVectors(plan: VectorsPlan): Run {
  const { collection, vectors, normalize } = plan;
  const { dimension } = collection;
  const maxItems = batchRows(dimension);
  const store = storeSink(collection, { now: Date.now, check: plan.checkStore });
  const pipeline = from(imageSource({ ...plan, name: "list", reserveBytes: 0 }))
    .through(knownStage(collection, "include"), { batch: { maxItems, lingerMs: 20 } })
    .through(givenVectorsStage({ vectors, dimension, normalize }), { batch: { maxItems, lingerMs: 0 } })
    .into(keepMetadataSink(store, collection), {
      concurrency: plan.writers,
      batchesPerWorker: plan.batchesPerWriter,
      batch: { maxItems, maxBytes: plan.writeMaxBytes, lingerMs: 20 },
    });
  return run(pipeline, plan.options);
}
