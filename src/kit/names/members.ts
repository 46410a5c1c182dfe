/**
 * URIs of images that are inside another file: in an archive or in a table. The URI is that of the file with another scheme, `#`, and the name
 * of the image in the file.
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { HeadraceError, type ImageRef } from "../../contracts/index.js";
import { type MemberScheme, memberSchemes } from "./member-schemes.js";
import { type CopiedFile, isRemoteMemberUri, remoteMemberRef, remoteMemberRefOf } from "./remote-members.js";

/** Where a member is. The numbers help a reader to find it without a search; a URI that a user has copied does not have them. */
export interface MemberLocation {
  /** The absolute path of the file. */
  readonly path: string;
  readonly name: string;
  readonly hints: Readonly<Record<string, string>>;
}

/** A table or an archive on the disk. */
export interface SourceFile {
  readonly path: string;
  /** The URI of the file, which may be shorter than its path. */
  readonly uri: string;
  /** Set for a copy of a remote file. The members then belong to the remote file. */
  readonly copyOf?: CopiedFile;
}

export interface MemberFile extends SourceFile {
  readonly scheme: MemberScheme;
}

/** Returns true for a member of a file on this machine, or of a remote file. */
export function isMemberUri(text: string): boolean {
  return isRemoteMemberUri(text) || (memberSchemes.some((scheme) => text.startsWith(`${scheme}://`)) && text.includes("#"));
}

/** Makes the ref of a member of a file. */
export function memberRef(
  { scheme, path, uri, copyOf }: MemberFile,
  name: string,
  known: Pick<ImageRef, "version" | "sizeBytes"> & { readonly hints?: Readonly<Record<string, string>> },
): ImageRef {
  if (copyOf !== undefined) return remoteMemberRef(scheme, copyOf, name, known);
  const { version, sizeBytes, hints = {} } = known;
  const query = new URLSearchParams(hints).toString();
  const fragment = encodeURIComponent(name).replaceAll("%2F", "/").replaceAll("%3A", ":");
  const below = pathToFileURL(path).href.slice("file:".length);
  return {
    uri: `${uri.replace(/^file:(?=\/\/)/, `${scheme}:`)}#${fragment}`,
    location: `${scheme}:${below}${query === "" ? "" : `?${query}`}#${fragment}`,
    scheme,
    root: uri,
    version,
    sizeBytes,
    metadata: null,
  };
}

/** Makes the ref of a member that is only known by its URI. Throws `input_invalid`. */
export function memberRefOf(uri: string): ImageRef {
  if (isRemoteMemberUri(uri)) return remoteMemberRefOf(uri);
  const { path, name } = memberLocation(uri);
  const scheme = memberSchemes.find((each) => uri.startsWith(`${each}:`)) as MemberScheme;
  return memberRef({ scheme, path, uri: pathToFileURL(path).href }, name, { version: null, sizeBytes: null });
}

/** Parses the location of a member. Throws `input_invalid`. */
export function memberLocation(location: string): MemberLocation {
  try {
    const hash = location.indexOf("#");
    const [head = "", query = ""] = location.slice(0, hash).split("?", 2);
    return {
      path: fileURLToPath(head.replace(/^[a-z]+:/, "file:")),
      name: decodeURIComponent(location.slice(hash + 1)),
      hints: Object.fromEntries(new URLSearchParams(query)),
    };
  } catch (cause) {
    throw new HeadraceError("input_invalid", `input: expected a URI such as tar:///photos.tar#a.jpg, found ${location.slice(0, 200)}`, {
      scope: "item",
      item: location,
      cause,
    });
  }
}
