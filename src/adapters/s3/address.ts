/** Addresses of buckets and objects: `s3://bucket/key`. A key is taken as it is: `%20`, `?` and `#` are characters of the key. */
import { HeadraceError, type ImageRef } from "../../contracts/index.js";

export interface S3Address {
  readonly bucket: string;
  /** Empty: the whole bucket. */
  readonly key: string;
}

/** Throws `input_invalid`. */
export function parseAddress(text: string): S3Address {
  const match = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,254})(?:\/(.*))?$/is.exec(text);
  if (match !== null) return { bucket: match[1]!, key: match[2] ?? "" };
  throw new HeadraceError("input_invalid", `input: expected s3://bucket/key, found ${text.slice(0, 200)}`, { scope: "item", item: text });
}

export function uriOf({ bucket, key }: S3Address): string {
  return `s3://${bucket}/${key}`;
}

/** `root`: the bucket with the prefix that contains the object. */
export function objectRef(address: S3Address, root: string, known: Pick<ImageRef, "version" | "sizeBytes">): ImageRef {
  const uri = uriOf(address);
  return { uri, location: uri, scheme: "s3", root, ...known, metadata: null };
}
