/** Gives each image the vector that came with it. The image is not read. */
import { type Chain, finishVector } from "../chain/index.js";
import { HeadraceError, type LookedUpRef, type Row, type Stage } from "../contracts/index.js";
import { advance, metadataBytes, resultFor } from "../kit/index.js";

export interface GivenVectors {
  /** By the position of the image in the run. They are changed in place. */
  readonly vectors: readonly Float32Array[];
  /** Numbers per vector. */
  readonly dimension: number;
  /** How the vectors of the collection were normalised. */
  readonly normalize: Chain["normalize"];
}

/** A vector of another length, and one that cannot be an embedding, fail with `vector_invalid`. */
export function givenVectorsStage({ vectors, dimension, normalize }: GivenVectors): Stage<LookedUpRef, Row> {
  return {
    name: "vectors",
    process: async (batch) =>
      batch.map((each) =>
        resultFor(each, (item) => {
          const { source, metadata } = item.facts;
          const vector = vectors[item.seq]!;
          if (vector.length !== dimension) {
            const message = `embedding of ${source}: expected ${dimension} numbers, found ${vector.length}`;
            throw new HeadraceError("vector_invalid", message, { item: source });
          }
          const finished = { vector: finishVector(vector, normalize, source) };
          return { kind: "ok", item: advance(item, finished, vector.byteLength + metadataBytes(metadata)) };
        }),
      ),
  };
}
