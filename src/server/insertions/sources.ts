/** Turns the source of a request into an input of the library. URLs are guarded by the reader; paths must be below an allowed folder. */
import { isAbsolute } from "node:path";
import { type DescribedInput, type ImageInput, type Settings, sentRef } from "../../app/index.js";
import { isMemberUri, isRemoteMemberUri, memberLocation, pathOfFileUrl } from "../../kit/index.js";
import { Refused } from "../wire/problems.js";
import type { WireSource } from "../wire/wire.js";
import { AllowedRoots } from "./allowed-roots.js";
import type { IdentifiedInput } from "./insertions.js";
import type { SettledImage } from "./settled-images.js";

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
  return fileIn(new AllowedRoots(allowedRoots), source.path ?? "");
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
 * Returns what can be read again of a stored row or of a failure: a web address, or an object, a file or an archive's member below an entry of
 * `server.allowed_roots`. Throws `path_refused` for other places, and `picture_unavailable` for what the server never had as a file.
 */
export async function storedInput(source: string, { allowedRoots }: Pick<Settings["server"], "allowedRoots">): Promise<ImageInput> {
  const roots = new AllowedRoots(allowedRoots);
  const place = await allowedPlace(source, roots);
  if (place !== null) return place;
  if (/^s3:\/\//i.test(source) || isRemoteMemberUri(source))
    throw new Refused("path_refused", "Name an object below an entry of server.allowed_roots, or send the image itself.");
  if (pathOf(source) === null)
    throw new Refused("picture_unavailable", "The image was sent and is not kept any more, or its folder has been renamed.");
  throw outsideRoots(roots);
}

/** Returns a source that may be read: a web address as it is, and a file by its absolute path, with all links followed. null: another one. */
export async function allowedPlace(source: string, roots: AllowedRoots): Promise<string | null> {
  if (/^https?:\/\//i.test(source)) return source;
  if (/^s3:\/\//i.test(source)) return roots.hasObject(source) ? source : null;
  if (isRemoteMemberUri(source)) return (await roots.hasImage({ scheme: "", location: source })) ? source : null;
  const path = pathOf(source);
  const found = path === null ? null : await roots.file(path);
  return found !== null && isMemberUri(source) ? source : found;
}

function pathOf(source: string): string | null {
  if (isMemberUri(source)) return memberLocation(source).path;
  return isAbsolute(source) ? source : pathOfFileUrl(source);
}

/**
 * Returns the path of the file that a stored row names; null if it names no file, but a web address, an object or an archive's member. Throws
 * `path_refused` for a file outside the allowed folders.
 */
export async function storedFile(source: string, { allowedRoots }: Pick<Settings["server"], "allowedRoots">): Promise<string | null> {
  if (isMemberUri(source)) return null;
  const path = isAbsolute(source) ? source : pathOfFileUrl(source);
  return path === null ? null : fileIn(new AllowedRoots(allowedRoots), path);
}

/** The detail of `path_refused` while `server.allowed_roots` is empty. */
export const noFolders = "The server has no allowed folder: server.allowed_roots is empty. Send the image itself, or set a folder.";

async function fileIn(roots: AllowedRoots, path: string): Promise<string> {
  const found = await roots.file(path);
  if (found !== null) return found;
  throw outsideRoots(roots);
}

function outsideRoots(roots: AllowedRoots): Refused {
  return new Refused("path_refused", roots.isEmpty ? noFolders : "Name a file below an allowed folder, or send the image itself.");
}
