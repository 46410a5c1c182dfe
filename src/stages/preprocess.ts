/** Converts batches of pixels to tensors. If the model takes the pixels of the decoder directly, passes on the pixels unchanged. */

import type { ChainReady } from "../chain/index.js";
import type { Pixels, Stage, Tensor } from "../contracts/index.js";
import { advance, plainSlab, rowBytes } from "../kit/index.js";

export function preprocessStage(ready: ChainReady): Stage<Pixels, Tensor> {
  return {
    name: "preprocess",
    async process(batch, signal) {
      const { preprocessor } = await ready(signal);
      if (preprocessor === null) return batch.map((item) => ({ kind: "ok", item }));
      const slab = plainSlab(batch.length, rowBytes(preprocessor.output));
      await preprocessor.run(
        batch.map((item) => item.value),
        slab,
        signal,
      );
      return batch.map((item, row) => {
        const pixelBytes = item.value.data.byteLength;
        item.value.release?.();
        const data = slab.bytes.subarray(row * slab.rowBytes, (row + 1) * slab.rowBytes);
        return { kind: "ok", item: advance(item, { data }, item.bytes - pixelBytes + data.byteLength) };
      });
    },
  };
}
