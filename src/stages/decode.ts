/** Decodes images, applies the EXIF orientation, and resizes the images to the input size of the model. */

import type { Chain, ChainReady } from "../chain/index.js";
import type { Encoded, Item, Pixels, Result, Stage } from "../contracts/index.js";
import { advance, markDamage } from "../kit/index.js";

export function decodeStage(ready: ChainReady): Stage<Encoded, Pixels> {
  return {
    name: "decode",
    async process(batch, signal) {
      const chain = await ready(signal);
      return Promise.all(batch.map((item) => decodeItem(item, chain, signal)));
    },
  };
}

async function decodeItem(item: Item<Encoded>, chain: Chain, signal: AbortSignal): Promise<Result<Pixels>> {
  const pixels = await chain.decoder.decode(item.value, chain.preprocessing.geometry, signal);
  const { width, height } = pixels.original;
  const bytes = pixels.data.byteLength + chain.embedder.dimension * Float32Array.BYTES_PER_ELEMENT;
  const metadata = markDamage(item.facts.metadata, pixels.damaged === true);
  return { kind: "ok", item: advance(item, pixels, bytes, { ...item.facts, metadata, width, height }) };
}
