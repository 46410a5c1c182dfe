/** Turns an address in a bucket into inputs: one object, or all images below a prefix. */
import { HeadraceError, type ImageRef } from "../../contracts/index.js";
import { keyOf } from "../../kit/index.js";
import type { IngestInput } from "../../operations/index.js";
import type { Settings } from "../configuration/settings.js";
import { settingsSchema } from "../configuration/settings.js";
import { type KeyRange, makeBucketListing } from "../wiring/input-adapters.js";
import { isContainerFile } from "./containers.js";

export interface BucketOptions {
  /** Default: AWS, with the usual credentials. */
  readonly s3?: Settings["s3"];
  readonly onLeftOut?: (extension: string) => void;
  /** Only these objects. Default: all. */
  readonly range?: KeyRange;
}

/** `ref`: the address as an image. Throws `source_failed` if the bucket cannot be listed. */
export async function* bucketInputs(
  ref: ImageRef,
  { s3, onLeftOut, range }: BucketOptions,
  stop: AbortSignal,
): AsyncGenerator<IngestInput> {
  if (isContainerFile(ref.location)) {
    yield { id: keyOf(ref.uri), ref: { ...ref, refused: { kind: "fail", error: notInBucket(ref) } } };
    return;
  }
  const settings = s3 ?? settingsSchema.parse({}).s3;
  const listing = await makeBucketListing(ref.location, {
    settings,
    ...(onLeftOut === undefined ? {} : { onLeftOut }),
    ...(range === undefined ? {} : { range }),
  });
  for await (const found of listing.list(stop)) yield { id: keyOf(found.uri), ref: found };
}

function notInBucket({ uri }: ImageRef): HeadraceError {
  return new HeadraceError("input_invalid", `${uri}: expected an image or a prefix, found a table, list or archive`, {
    scope: "item",
    item: uri,
    hint: "Tables, lists and archives are read from files only. Copy it to this machine first.",
  });
}
