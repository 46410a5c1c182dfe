/** Turns the source of a request into an input of the library. URLs are guarded by the reader; paths must be below an allowed folder. */
import { realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import { type DescribedInput, type ImageInput, type Settings, sentRef } from "../../app/index.js";
import { isMemberUri, isRemoteMemberUri, memberLocation, pathOfFileUrl } from "../../kit/index.js";
import { Refused } from "../wire/problems.js";
import type { WireSource } from "../wire/wire.js";
import type { IdentifiedInput, SettledImage } from "./insertions.js";

/** An image of a request: named or sent as JSON, or uploaded. */
export type GivenSource = WireSource | { readonly bytes: Uint8Array };

/** An image that came with a request. `sha256`: of its bytes, in hex. */
export interface SentImage {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** Throws `path_refused` for a path outside the allowed folders, whether the file exists or not. */
export async function inputOf(source: GivenSource, { allowedRoots }: Pick<Settings["server"], "allowedRoots">): Promise<ImageInput> {
  if ("bytes" in source) return source.bytes;
  if (source.url !== undefined) return source.url;
  if (source.base64 !== undefined) return Buffer.from(source.base64, "base64");
  return allowedPath(source.path ?? "", allowedRoots);
}

const sentSource = /^sha256:([0-9a-f]{64})$/;

/** Returns the SHA-256 that a row or a failure names as the source of an image that was sent; null for any other source. */
export function sha256Of(source: string): string | null {
  return sentSource.exec(source)?.[1] ?? null;
}

/** Names images that were sent by the SHA-256 of their bytes, once for all that follows. */
export function identified(inputs: readonly DescribedInput[]): readonly IdentifiedInput[] {
  return inputs.map((given) => {
    const { input } = given;
    if (input instanceof Uint8Array) return { ...given, input: sentRef(input) };
    return typeof input === "string" && input.startsWith("data:") ? { ...given, input: sentRef(input) } : { ...given, input };
  });
}

/** Returns the stored images that came with the request itself. */
export function sentImages(inputs: readonly IdentifiedInput[], settled: readonly SettledImage[]): readonly SentImage[] {
  return inputs.flatMap(({ input }, index) => {
    if (settled[index]?.status !== "stored" || typeof input !== "object" || !("uri" in input) || input.data === undefined) return [];
    const sha256 = sha256Of(input.uri);
    return sha256 === null ? [] : [{ sha256, bytes: input.data }];
  });
}

/** Throws `request_invalid` for a URL without a comma after its type, or with a damaged percent-encoding. */
export function bytesOfDataUrl(url: string): Uint8Array {
  const match = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url);
  if (match === null) throw new Refused("request_invalid", "url: expected a comma after the type of a data URL, found none.");
  const [, base64, text = ""] = match;
  return base64 === undefined ? Buffer.from(percentDecoded(text), "latin1") : Buffer.from(text, "base64");
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refused("request_invalid", "url: expected two hexadecimal digits after each % of a data URL, found others.");
  }
}

/** Throws `body_too_large` for more images than one request may have. */
export function refuseTooMany(images: readonly unknown[], { maxImages }: Pick<Settings["server"], "maxImages">): void {
  if (images.length <= maxImages) return;
  throw new Refused("body_too_large", `images: expected at most ${maxImages}, found ${images.length}.`);
}

/**
 * Returns what can be read again of a stored row: a web address, a bucket's object, or a file or an archive's member below an allowed
 * folder. Throws `path_refused` for other files, and `picture_unavailable` for what the server never had as a file.
 */
export async function storedInput(source: string, { allowedRoots }: Pick<Settings["server"], "allowedRoots">): Promise<ImageInput> {
  if (/^(https?|s3):\/\//i.test(source) || isRemoteMemberUri(source)) return source;
  const path = isMemberUri(source) ? memberLocation(source).path : isAbsolute(source) ? source : pathOfFileUrl(source);
  if (path === null)
    throw new Refused("picture_unavailable", "The image was sent and is not kept any more, or its folder has been renamed.");
  const found = await allowedPath(path, allowedRoots);
  return isMemberUri(source) ? source : found;
}

/** The detail of `path_refused` while `server.allowed_roots` is empty. */
export const noFolders = "The server has no allowed folder: server.allowed_roots is empty. Send the image itself, or set a folder.";

/** Follows symbolic links before the comparison, so that a link inside a folder does not lead out of it. */
async function allowedPath(path: string, roots: readonly string[]): Promise<string> {
  if (roots.length === 0) throw new Refused("path_refused", noFolders);
  for (const root of roots) {
    const folder = await realPath(resolve(root));
    const found = await realPath(resolve(folder, path));
    if (isBelow(folder, found)) return found;
  }
  throw new Refused("path_refused", "Name a file below an allowed folder, or send the image itself.");
}

export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    // The file does not exist or cannot be read. The reader reports this, if the path itself is allowed.
    return path;
  }
}

function isBelow(folder: string, path: string): boolean {
  const inner = relative(folder, path);
  return inner !== "" && !isAbsolute(inner) && inner !== ".." && !/^\.\.[/\\]/.test(inner) && !path.includes("\0");
}
