/** What a job may read: files below the allowed folders, `s3://` addresses below the allowed prefixes, and web URLs. */
import { existsSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import { urlCount } from "../../app/index.js";
import { HeadraceError, type ImageRef } from "../../contracts/index.js";
import { fileUri, isUrl, pathOfFileUrl } from "../../kit/index.js";
import { AllowedRoots } from "../insertions/allowed-roots.js";
import { noFolders } from "../insertions/sources.js";
import { Refused } from "../wire/problems.js";

/** Memory for the names of that many images is small, and a person who needs more has a list. */
const maxRangedUrls = 1_000_000;
const maxWildcards = 3;
const repeatedGroup = /[*+!?@]\(/;

/**
 * Returns a source as the listing takes it: an absolute path or glob, or an address. Relative paths count from an allowed folder. Throws
 * `path_refused`, whether the file exists or not.
 */
export async function allowedSource(source: string, allowedRoots: readonly string[]): Promise<string> {
  const roots = new AllowedRoots(allowedRoots);
  if (/^https?:\/\//i.test(source)) return source;
  if (source.startsWith("s3://")) {
    if (roots.hasObject(source)) return source;
    throw refusal();
  }
  const path = pathOfFileUrl(source) ?? source;
  if (isUrl(path)) throw refusal();
  refuseCostlyGlob(path);
  const found = await roots.place(path);
  if (found !== null) return found;
  throw roots.isEmpty ? new Refused("path_refused", noFolders) : refusal();
}

/** Comparing one long name with a glob of five wildcards between two slashes takes seconds, and with repeated groups it may never end. */
function refuseCostlyGlob(path: string): void {
  const isCostly = path.split("/").some((part) => (part.match(/\*+/g)?.length ?? 0) > maxWildcards) || repeatedGroup.test(path);
  if (isCostly && !existsSync(path)) {
    throw new Refused(
      "request_invalid",
      `sources: expected globs of at most ${maxWildcards} wildcards between slashes, and no repeated groups, found more.`,
    );
  }
}

/** Throws `request_invalid` if the ranges in URLs stand for more images than one job may name in this way. */
export function refuseWideRanges(sources: readonly string[]): void {
  const count = sources.reduce((sum, source) => sum + urlCount(source), 0);
  if (count <= maxRangedUrls) return;
  const expected = `expected ranges that stand for at most ${maxRangedUrls} URLs in all, found ${count}`;
  throw new Refused("request_invalid", `sources: ${expected}. Start several jobs, or send a list.`);
}

/**
 * Makes the check of each image that a job lists: links in a folder and lines of a manifest may lead anywhere. Images in `uploads` came with
 * the request; they get the name that the library gives to bytes.
 */
export function imageGuard(
  allowedRoots: readonly string[],
  { uploads, lines }: { readonly uploads: string; readonly lines: readonly string[] },
) {
  const roots = new AllowedRoots(allowedRoots);
  const linesUris = lines.map((path) => fileUri(path));
  return async (ref: ImageRef): Promise<ImageRef> => {
    if (lines.includes(ref.location)) return ref;
    const named = linesUris.includes(ref.root) ? withoutLine(ref) : ref;
    if (named.refused !== undefined) return named;
    if (named.scheme === "file" && isUploaded(named, uploads)) return uploaded(named, uploads);
    if (await roots.hasImage(named)) return named;
    const message = `${named.uri}: expected a source below an entry of server.allowed_roots, found another`;
    return {
      ...named,
      refused: { kind: "fail", error: new HeadraceError("source_forbidden", message, { item: named.uri, scope: "item" }) },
    };
  };
}

/** Uploads are named by their SHA-256 and lie flat in their folder. */
function isUploaded({ location }: ImageRef, uploads: string): boolean {
  return dirname(location) === uploads && basename(location) !== "..";
}

/** The lines of the request are no file that the user knows. */
function withoutLine({ line: _, ...ref }: ImageRef): ImageRef {
  return { ...ref, root: ref.uri };
}

function uploaded(ref: ImageRef, uploads: string): ImageRef {
  return { ...ref, uri: uploadUri(relative(uploads, ref.location)), root: "bytes:" };
}

/** The canonical URI of an image that came with the request. */
export function uploadUri(sha256: string): string {
  return `sha256:${sha256}`;
}

function refusal(): Refused {
  return new Refused("path_refused", "sources: expected web URLs, and files or buckets below an allowed folder, found another.");
}
