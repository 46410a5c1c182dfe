/** URIs of images inside a table or an archive that is in a bucket or behind a URL, such as `tar+https://example.com/photos.tar#a.jpg`. */
import { HeadraceError, type ImageRef } from "../../contracts/index.js";
import { urlUri } from "./canonical.js";
import { type MemberScheme, memberSchemes } from "./member-schemes.js";

/** A table or an archive in a bucket or behind a URL. */
export interface RemoteFile {
  /** Without credentials. */
  readonly uri: string;
  /** What a reader opens. A URL may contain a user, a password or a signature. */
  readonly location: string;
  /** The scheme of `location`. */
  readonly scheme: string;
}

/** One state of a remote file, of which there is a copy on the disk. */
export interface CopiedFile extends RemoteFile {
  /** Changes when the file changes. */
  readonly version: string;
}

export interface RemoteMember {
  readonly scheme: MemberScheme;
  readonly file: RemoteFile;
  readonly name: string;
  /** See `MemberLocation.hints`. `mark` is the version of the file to which the other hints belong. */
  readonly hints: Readonly<Record<string, string>>;
}

/** The schemes of all members: first the format of the file, then how to reach it. */
export function remoteMemberSchemes(format: MemberScheme): readonly string[] {
  return [`${format}+http`, `${format}+https`, `${format}+s3`];
}

const pattern = new RegExp(`^(${memberSchemes.join("|")})\\+((https?|s3)://[^#]+)#(.+)$`, "s");

export function isRemoteMemberUri(text: string): boolean {
  return pattern.test(text);
}

/** Makes the ref of a member. `version`: that of the member. */
export function remoteMemberRef(
  scheme: MemberScheme,
  file: RemoteFile,
  name: string,
  known: Pick<ImageRef, "version" | "sizeBytes"> & { readonly hints?: Readonly<Record<string, string>> },
): ImageRef {
  const { version, sizeBytes, hints = {} } = known;
  const query = new URLSearchParams(hints).toString();
  const member = encodeURIComponent(name).replaceAll("%2F", "/").replaceAll("%3A", ":");
  return {
    uri: `${scheme}+${written(file.uri)}#${member}`,
    location: `${scheme}+${written(file.location)}#${member}${query === "" ? "" : `?${query}`}`,
    scheme: `${scheme}+${file.scheme}`,
    root: file.uri,
    version,
    sizeBytes,
    metadata: null,
  };
}

/** Parses the location or the URI of a member. Throws `input_invalid`. */
export function remoteMember(location: string): RemoteMember {
  const [, scheme, head = "", remote = "", tail = ""] = pattern.exec(location) ?? [];
  const [member = "", query = ""] = tail.split("?", 2);
  try {
    const file = remote === "s3" ? head.replaceAll("%23", "#").replaceAll("%25", "%") : head;
    return {
      scheme: scheme as MemberScheme,
      file: { uri: urlUri(file), location: file, scheme: remote },
      name: decodeURIComponent(member),
      hints: Object.fromEntries(new URLSearchParams(query)),
    };
  } catch (cause) {
    throw new HeadraceError(
      "input_invalid",
      `input: expected a URI such as tar+https://host/a.tar#b.jpg, found ${location.slice(0, 200)}`,
      {
        scope: "item",
        item: location,
        cause,
      },
    );
  }
}

/** Returns the ref of a member that is only known by its URI. Throws `input_invalid`. */
export function remoteMemberRefOf(uri: string): ImageRef {
  const { scheme, file, name } = remoteMember(uri);
  return remoteMemberRef(scheme, file, name, { version: null, sizeBytes: null });
}

/** Returns the location of a member without the user, the password and the signature of its file. */
export function withoutCredentials(location: string): string {
  const { scheme, file, name, hints } = remoteMember(location);
  return remoteMemberRef(scheme, { ...file, location: file.uri }, name, { version: null, sizeBytes: null, hints }).location;
}

/** A key in a bucket may have any characters; `#` ends it here. A web URL has its fragment cut off. */
function written(address: string): string {
  return address.startsWith("s3:") ? address.replaceAll("%", "%25").replaceAll("#", "%23") : address.replace(/#.*$/s, "");
}
