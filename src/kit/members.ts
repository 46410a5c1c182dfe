/** URIs of images that are inside another file: in an archive or in a table. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { HeadraceError, type ImageRef } from "../contracts/index.js";

/** The schemes of images inside a file. The URI is that of the file with another scheme, `#`, and the name of the image in the file. */
const schemes = ["tar", "tgz", "zip", "parquet"] as const;
export type MemberScheme = (typeof schemes)[number];

/** Where a member is. The numbers help a reader to find it without a search; a URI that a user has copied does not have them. */
export interface MemberLocation {
  /** The absolute path of the file. */
  readonly path: string;
  readonly name: string;
  readonly hints: Readonly<Record<string, string>>;
}

export interface MemberFile {
  readonly scheme: MemberScheme;
  readonly path: string;
  /** The URI of the file, which may be shorter than its path. */
  readonly uri: string;
}

export function isMemberUri(text: string): boolean {
  return schemes.some((scheme) => text.startsWith(`${scheme}://`)) && text.includes("#");
}

/** Makes the ref of a member of a file. */
export function memberRef(
  { scheme, path, uri }: MemberFile,
  name: string,
  known: Pick<ImageRef, "version" | "sizeBytes"> & { readonly hints?: Readonly<Record<string, string>> },
): ImageRef {
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
  const { path, name } = memberLocation(uri);
  const scheme = schemes.find((each) => uri.startsWith(`${each}:`)) as MemberScheme;
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
