/** Copies tensors into the memory of the embedder, and computes one embedding per image. */

import { type ChainReady, embedTensors, finishVector, vectorAt } from "../chain/index.js";
import type { Embedder, Result, Row, Stage, Tensor } from "../contracts/index.js";
import { advance, chunksOf, metadataBytes, resultFor } from "../kit/index.js";

export function embedStage(ready: ChainReady): Stage<Tensor, Row> {
  let embedder: Embedder | undefined;
  return {
    name: "embed",
    notices: () => embedder?.notices?.() ?? [],
    async process(batch, signal) {
      const chain = await ready(signal);
      embedder = chain.embedder;
      const { maxBatch } = chain.embedder.feed;
      const results: Result<Row>[] = [];
      for (const chunk of chunksOf(batch, maxBatch)) {
        const vectors = await embedTensors(
          chain.embedder,
          chunk.map((item) => item.value.data),
          signal,
        );
        chunk.forEach((each, row) => {
          results.push(
            resultFor(each, (item) => {
              const vector = finishVector(vectorAt(vectors, row), chain.normalize, item.facts.source);
              return { kind: "ok", item: advance(item, { vector }, vector.byteLength + metadataBytes(item.facts.metadata)) };
            }),
          );
        });
      }
      for (const { value } of batch) value.release?.();
      return results;
    },
  };
}
