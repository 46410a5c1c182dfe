/** Decodes images, applies the EXIF orientation, and resizes the images to the input size of the model. */

import type { Chain, ChainReady, Unread } from "../chain/index.js";
import type { Encoded, ImageDecoder, ImageFacts, Item, Metadata, Pixels, Result, Stage } from "../contracts/index.js";
import { advance, markDamage, metadataBytes, withPictureMetadata } from "../kit/index.js";

/** Reads the metadata that a file contains. Absent: it is not wanted. */
export type DescribeFile = (image: Encoded) => Metadata;

/**
 * An image that the read stage has left is read here too. `describe`: for images whose reader and decoder have not looked for the metadata of
 * the file.
 */
export function decodeStage(ready: ChainReady, describe?: DescribeFile): Stage<Encoded | Unread, Pixels> {
  let decoder: ImageDecoder | undefined;
  return {
    name: "decode",
    notices: () => decoder?.notices?.() ?? [],
    async process(batch, signal) {
      const chain = await ready(signal);
      decoder = chain.decoder;
      return Promise.all(batch.map((item) => decodeItem(item, { chain, describe }, signal)));
    },
  };
}

async function decodeItem(
  item: Item<Encoded | Unread>,
  { chain, describe }: { readonly chain: Chain; readonly describe: DescribeFile | undefined },
  signal: AbortSignal,
): Promise<Result<Pixels>> {
  const { geometry } = chain.preprocessing;
  if (!("readAndDecode" in item.value)) {
    const pixels = await chain.decoder.decode(item.value, geometry, signal);
    const picture = pixels.pictureMetadata ?? item.value.pictureMetadata ?? describe?.(item.value);
    return decoded(item, pixels, picture, item.facts, chain);
  }
  const { pixels, version, content } = await item.value.readAndDecode(geometry, signal);
  return decoded(item, pixels, pixels.pictureMetadata, { ...item.facts, version: version ?? "", content }, chain);
}

function decoded(
  item: Item<unknown>,
  pixels: Pixels,
  picture: Metadata | undefined,
  facts: ImageFacts,
  { embedder }: Chain,
): Result<Pixels> {
  const { width, height } = pixels.original;
  const metadata = markDamage(picture === undefined ? facts.metadata : withPictureMetadata(facts, picture), pixels.damaged === true);
  const bytes = pixels.data.byteLength + embedder.dimension * Float32Array.BYTES_PER_ELEMENT + metadataBytes(metadata);
  return { kind: "ok", item: advance(item, pixels, bytes, { ...facts, metadata, width, height }) };
}
