/** Lists the images of a bucket, page by page. */
import { extname } from "node:path/posix";
import type { ImageRef, Listing, OnSource } from "../../contracts/index.js";
import { imageExtensions } from "../../kit/index.js";
import { objectRef, parseAddress, type S3Address, uriOf } from "./address.js";
import { openS3, type S3Access } from "./client.js";
import { isMissing, listingError } from "./errors.js";
import type { S3Settings } from "./options.js";

/** A part of a bucket, in the order of its keys. null: the part begins with the first key. */
export interface KeyRange {
  readonly after: string | null;
  readonly through: string;
}

export interface BucketListingOptions {
  readonly settings: S3Settings;
  /** Only the objects whose keys come after `after`, up to `through`. Default: all. */
  readonly range?: KeyRange;
  /** Called for each object that is not listed, because its extension is not that of an image. Gets the extension, or "(none)". */
  readonly onLeftOut?: (extension: string) => void;
  /** Called when the listing of a prefix begins and ends, or if nothing is there. */
  readonly onSource?: OnSource;
}

/**
 * `address`: `s3://bucket`, a prefix, or one object. If there is an object with exactly this key, it is listed, whatever its extension.
 * Otherwise the images below `key/` are listed, sorted by key. Hidden objects are left out.
 */
export function listBucket(address: string, options: BucketListingOptions): Listing {
  return { list: (stop) => listImages(parseAddress(address), options, stop) };
}

/** One part of a bucket. `range` is null if the address is that of one object. */
export interface BucketPart {
  readonly range: KeyRange | null;
  readonly images: number;
}

/** Cuts a bucket, or what is below a prefix, into parts with `imagesPerPart` images each. */
export async function* splitBucket(
  address: string,
  imagesPerPart: number,
  options: BucketListingOptions,
  stop: AbortSignal,
): AsyncGenerator<BucketPart> {
  const { key, bucket } = parseAddress(address);
  let after: string | null = null;
  let [images, last] = [0, ""];
  for await (const { uri } of listBucket(address, options).list(stop)) {
    if (uri === uriOf({ bucket, key })) {
      yield { range: null, images: 1 };
      return;
    }
    if (images === imagesPerPart) {
      yield { range: { after, through: last }, images };
      [after, images] = [last, 0];
    }
    images += 1;
    last = parseAddress(uri).key;
  }
  if (images > 0) yield { range: { after, through: last }, images };
}

async function* listImages(address: S3Address, options: BucketListingOptions, stop: AbortSignal): AsyncGenerator<ImageRef> {
  const access = await openS3(options.settings);
  try {
    const object = address.key === "" || address.key.endsWith("/") ? null : await oneObject(access, address, stop);
    if (object !== null) yield object;
    else yield* imagesBelow(access, address, options, stop);
  } catch (cause) {
    if (!stop.aborted) throw listingError(cause, uriOf(address));
  } finally {
    access.client.destroy();
  }
}

async function oneObject({ sdk, client }: S3Access, address: S3Address, stop: AbortSignal): Promise<ImageRef | null> {
  try {
    const head = await client.send(new sdk.HeadObjectCommand({ Bucket: address.bucket, Key: address.key }), { abortSignal: stop });
    return objectRef(address, uriOf(address), { version: head.ETag ?? null, sizeBytes: head.ContentLength ?? null });
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw cause;
  }
}

async function* imagesBelow(
  { sdk, client }: S3Access,
  { bucket, key }: S3Address,
  { onLeftOut, range, onSource }: BucketListingOptions,
  stop: AbortSignal,
): AsyncGenerator<ImageRef> {
  const prefix = key === "" || key.endsWith("/") ? key : `${key}/`;
  const root = uriOf({ bucket, key: prefix }).replace(/\/$/, "");
  onSource?.({ kind: "begun", source: { kind: "prefix", root } });
  let found = 0;
  let token: string | undefined;
  do {
    const page = await client.send(
      new sdk.ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(token === undefined ? {} : { ContinuationToken: token }),
        ...(token === undefined && range?.after != null ? { StartAfter: range.after } : {}),
      }),
      { abortSignal: stop },
    );
    for (const { Key: name = "", ETag: version = null, Size: sizeBytes = null } of page.Contents ?? []) {
      if (stop.aborted || (range !== undefined && isBehind(name, range.through))) return;
      found += 1;
      if (name.endsWith("/") || isHidden(name.slice(prefix.length))) continue;
      if (isImage(name)) yield objectRef({ bucket, key: name }, root, { version, sizeBytes });
      else onLeftOut?.(extname(name) === "" ? "(none)" : extname(name).toLowerCase());
    }
    token = page.NextContinuationToken;
  } while (token !== undefined && !stop.aborted);
  if (stop.aborted) return;
  onSource?.({ kind: found === 0 ? "missing" : "ended", root });
  // Nothing is there: the reader will say so, for this input alone.
  if (found === 0 && range === undefined) yield objectRef({ bucket, key }, uriOf({ bucket, key }), { version: null, sizeBytes: null });
}

/** Servers sort keys by their bytes. */
function isBehind(key: string, last: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(last)) > 0;
}

function isImage(key: string): boolean {
  return imageExtensions.includes(extname(key).slice(1).toLowerCase());
}

function isHidden(below: string): boolean {
  return below.split("/").some((part) => part.startsWith("."));
}
