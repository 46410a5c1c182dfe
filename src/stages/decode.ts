/** Decodes images, applies the EXIF orientation, and resizes the images to the input size of the model. */

import type { Chain, ChainReady, Unread } from "../chain/index.js";
import type { Encoded, ImageDecoder, ImageFacts, Item, Pixels, Result, Stage } from "../contracts/index.js";
import { advance, markDamage, metadataBytes } from "../kit/index.js";

/** An image that the read stage has left is read here too. */
export function decodeStage(ready: ChainReady): Stage<Encoded | Unread, Pixels> {
  let decoder: ImageDecoder | undefined;
  return {
    name: "decode",
    notices: () => decoder?.notices?.() ?? [],
    async process(batch, signal) {
      const chain = await ready(signal);
      decoder = chain.decoder;
      return Promise.all(batch.map((item) => decodeItem(item, chain, signal)));
    },
  };
}

async function decodeItem(item: Item<Encoded | Unread>, chain: Chain, signal: AbortSignal): Promise<Result<Pixels>> {
  const { geometry } = chain.preprocessing;
  if (!("readAndDecode" in item.value)) {
    return decoded(item, await chain.decoder.decode(item.value, geometry, signal), item.facts, chain);
  }
  const { pixels, version, content } = await item.value.readAndDecode(geometry, signal);
  return decoded(item, pixels, { ...item.facts, version: version ?? "", content }, chain);
}

function decoded(item: Item<unknown>, pixels: Pixels, facts: ImageFacts, { embedder }: Chain): Result<Pixels> {
  const { width, height } = pixels.original;
  const metadata = markDamage(facts.metadata, pixels.damaged === true);
  const bytes = pixels.data.byteLength + embedder.dimension * Float32Array.BYTES_PER_ELEMENT + metadataBytes(metadata);
  return { kind: "ok", item: advance(item, pixels, bytes, { ...facts, metadata, width, height }) };
}
