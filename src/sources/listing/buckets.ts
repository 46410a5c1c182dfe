/** Turns an address in a bucket into inputs: one object, or all images below a prefix. */

import { type S3Settings, s3Section } from "../../adapters/s3/options.js";
import type { ImageRef, IngestInput, OnSource } from "../../contracts/index.js";
import { keyOf } from "../../kit/index.js";
import { type KeyRange, makeBucketListing } from "../listing-adapters.js";

export interface BucketOptions {
  /** Default: AWS, with the usual credentials. */
  readonly s3?: S3Settings;
  readonly onLeftOut?: (extension: string) => void;
  readonly onSource?: OnSource | undefined;
  /** Only these objects. Default: all. */
  readonly range?: KeyRange;
}

/** `ref`: the address as an image. Throws `source_failed` if the bucket cannot be listed. */
export async function* bucketInputs(
  ref: ImageRef,
  { s3, onLeftOut, onSource, range }: BucketOptions,
  stop: AbortSignal,
): AsyncGenerator<IngestInput> {
  const settings = s3 ?? s3Section.parse({});
  const listing = await makeBucketListing(ref.location, {
    settings,
    ...(onLeftOut === undefined ? {} : { onLeftOut }),
    ...(onSource === undefined ? {} : { onSource }),
    ...(range === undefined ? {} : { range }),
  });
  for await (const found of listing.list(stop)) yield { id: keyOf(found.uri), ref: found };
}
