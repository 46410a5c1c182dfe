/** What a job may read: files below the allowed folders, `s3://` addresses below the allowed prefixes, and web URLs. */
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { HeadraceError, type ImageRef } from "../../contracts/index.js";
import { fileUri, isMemberUri, isRemoteMemberUri, isUrl, memberLocation, pathOfFileUrl, remoteMember } from "../../kit/index.js";
import { noFolders, realPath } from "../insertions/sources.js";
import { Refused } from "../wire/problems.js";

const globCharacters = /[*?[\]{}()!]/;

/**
 * Returns a source as the listing takes it: an absolute path or glob, or an address. Relative paths count from an allowed folder. Throws
 * `path_refused`, whether the file exists or not.
 */
export async function allowedSource(source: string, roots: readonly string[]): Promise<string> {
  if (/^https?:\/\//i.test(source)) return source;
  if (source.startsWith("s3://")) {
    if (isBelowPrefix(source, roots)) return source;
    throw refusal();
  }
  const path = pathOfFileUrl(source) ?? source;
  if (isUrl(path) || path.includes("\0")) throw refusal();
  for (const root of foldersOf(roots)) {
    const folder = await realPath(resolve(root));
    const found = await realBase(resolve(folder, path));
    if (found !== null && isWithin(folder, found)) return found;
  }
  throw roots.length === 0 ? new Refused("path_refused", noFolders) : refusal();
}

/**
 * Makes the check of each image that a job lists: links in a folder and lines of a manifest may lead anywhere. Images in `uploads` came with
 * the request; they get the name that the library gives to bytes.
 */
export function imageGuard(roots: readonly string[], { uploads, lines }: { readonly uploads: string; readonly lines: string }) {
  const linesUri = fileUri(lines);
  const folders = Promise.all(foldersOf(roots).map((root) => realPath(resolve(root))));
  const isAllowed = async (path: string): Promise<boolean> => {
    const real = await realPath(path);
    return (await folders).some((folder) => isWithin(folder, real));
  };
  return async (ref: ImageRef): Promise<ImageRef> => {
    if (ref.location === lines) return ref;
    const named = ref.root === linesUri ? withoutLine(ref) : ref;
    const { scheme, location } = isRemoteMemberUri(named.location) ? remoteMember(named.location).file : named;
    if (named.refused !== undefined || ["http", "https", "data"].includes(scheme)) return named;
    if (named.scheme === "file" && isWithin(uploads, named.location)) return uploaded(named, uploads);
    if (scheme === "s3" && isBelowPrefix(location, roots)) return named;
    const path = named.scheme === "file" ? named.location : isLocalMember(named) ? memberLocation(named.location).path : null;
    if (path !== null && (await isAllowed(path))) return named;
    const message = `${named.uri}: expected a source below an entry of server.allowed_roots, found another`;
    return {
      ...named,
      refused: { kind: "fail", error: new HeadraceError("source_forbidden", message, { item: named.uri, scope: "item" }) },
    };
  };
}

function isLocalMember({ location }: ImageRef): boolean {
  return isMemberUri(location) && !isRemoteMemberUri(location);
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

/** Resolves links in a path, or in the part of a glob before its first special character. null: the glob climbs out of that part. */
async function realBase(path: string): Promise<string | null> {
  const parts = path.split(sep);
  const at = parts.findIndex((part) => globCharacters.test(part));
  if (at === -1) return realPath(path);
  const rest = parts.slice(at);
  if (rest.includes("..")) return null;
  // A file or folder may have such characters in its name.
  const literal = await realPath(path);
  return literal === path ? join(await realPath(parts.slice(0, at).join(sep) || sep), ...rest) : literal;
}

function foldersOf(roots: readonly string[]): readonly string[] {
  return roots.filter((root) => !root.startsWith("s3://"));
}

function isBelowPrefix(address: string, roots: readonly string[]): boolean {
  return roots.some((root) => root.startsWith("s3://") && (address === root || address.startsWith(root.endsWith("/") ? root : `${root}/`)));
}

function isWithin(folder: string, path: string): boolean {
  const inner = relative(folder, path);
  return !isAbsolute(inner) && inner !== ".." && !/^\.\.[/\\]/.test(inner);
}

function refusal(): Refused {
  return new Refused("path_refused", "sources: expected web URLs, and files or buckets below an allowed folder, found another.");
}
