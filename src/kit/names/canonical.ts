/** Computes canonical URIs. Each image has exactly one canonical URI. By default, the key of a row is a hash of the canonical URI. */
import { hash } from "node:crypto";
import { isAbsolute, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { HeadraceError, type ImageRef } from "../../contracts/index.js";

/** Replaces the path of a folder by a label in URIs. The keys of the images then stay the same when the folder moves to another path. */
export interface FileNaming {
  /** The absolute path of the folder. */
  readonly base: string;
  /** The label of the folder: letters, digits, `_` and `-`. A single letter is not allowed, because it would look like a Windows drive. */
  readonly as: string;
}

/** Returns the key of a row: the first 128 bits of the SHA-256 of the canonical URI, in hex. */
export function keyOf(uri: string): string {
  return hash("sha256", uri, "hex").slice(0, 32);
}

/**
 * Returns the canonical URI of a file. Without `naming`, this is the `file:` URL of the absolute path. With `naming`, it is the label, a
 * colon, and the path below `naming.base`. Symbolic links are not resolved and Unicode is not normalised: two spellings of a path give two
 * URIs. Throws `input_invalid`.
 */
export function fileUri(path: string, naming?: FileNaming): string {
  if (!isAbsolute(path)) throw new HeadraceError("input_invalid", `file: expected an absolute path, found ${path}`, { item: path });
  if (naming === undefined) return pathToFileURL(path).href;
  if (!namePattern.test(naming.as))
    throw new HeadraceError("input_invalid", `name of ${naming.base}: expected a name such as "photos", found "${naming.as}"`);
  const below = relative(naming.base, path);
  if (isAbsolute(below) || below === ".." || /^\.\.[\\/]/.test(below))
    throw new HeadraceError("input_invalid", `file: expected a path below ${naming.base}, found ${path}`, { item: path });
  return `${naming.as}:${below.replaceAll(separator, "/")}`;
}

/**
 * Converts an absolute path, or a `file:///` URL with unescaped characters, to the canonical `file:` URL. The beginning of a path or URL
 * is also converted, for example `/photos/ho`. Any other text is returned unchanged.
 */
export function fileUriAsWritten(text: string): string {
  // The conversion would drop a slash or a dot at the end. An extra character at the end prevents this.
  const extended = `${text}x`;
  if (isAbsolute(text)) return fileUri(extended).slice(0, -1);
  if (/^file:\/\/\//i.test(text) && URL.canParse(extended)) return new URL(extended).href.slice(0, -1);
  return text;
}

/** Returns the absolute path of a `file:` URL. Returns null for any other text. */
export function pathOfFileUrl(text: string): string | null {
  if (!/^file:\/\//i.test(text)) return null;
  try {
    return fileURLToPath(text);
  } catch (cause) {
    throw new HeadraceError("input_invalid", `file: expected a file URL of this machine, found ${text}`, { item: text, cause });
  }
}

/** Returns true if the text starts with a URL scheme of at least two letters. `C:\photos` is therefore a path and not a URL. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(text);
}

/** Returns the `ImageRef` for a URL. Throws `input_invalid`. */
export function urlRef(text: string): ImageRef {
  const uri = urlUri(text);
  const scheme = text.slice(0, text.indexOf(":")).toLowerCase();
  return { uri, location: text, scheme, root: uri, version: null, sizeBytes: null, metadata: null };
}

/** Returns the canonical URI of a URL: the WHATWG form, without fragment, user info and signature parameters. Throws `input_invalid`. */
export function urlUri(text: string): string {
  if (rawScheme.test(text)) return text;
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new HeadraceError("input_invalid", `input: expected a URL, found ${text.slice(0, 200)}`, { cause });
  }
  url.hash = "";
  url.username = "";
  url.password = "";
  url.search = removeSignature(url.search);
  return url.href;
}

/** Returns the canonical URI of an image that the caller passed as bytes: the SHA-256 of the bytes. */
export function bytesUri(bytes: Uint8Array): string {
  return `sha256:${hash("sha256", bytes, "hex")}`;
}

/** After these schemes comes a key, in which `?` and `#` are characters as all others. */
const rawScheme = /^s3:\/\//;

const namePattern = /^[A-Za-z][A-Za-z0-9_-]+$/;
const separator = process.platform === "win32" ? "\\" : "/";

/**
 * Query parameters of signed URLs, one entry per signing method. The parameters in `names` are removed only if the query also has a
 * parameter that matches `mark`. Otherwise a parameter such as `sp=2` could be a page number.
 */
const signatures: readonly { readonly mark: RegExp; readonly names: RegExp }[] = [
  { mark: /^x-amz-/i, names: /^x-amz-/i },
  { mark: /^x-goog-/i, names: /^x-goog-/i },
  { mark: /^signature$/i, names: /^(signature|expires|awsaccesskeyid|googleaccessid|key-pair-id|policy)$/i },
  { mark: /^sig$/i, names: /^(sig|sv|ss|srt|sr|sp|st|se|sip|spr|si|ses|sdd|skoid|sktid|skt|ske|sks|skv|saoid|suoid|scid)$/i },
];

/** Removes signature parameters from the query of a URL. The function edits the raw text, so that other parameters do not change. */
function removeSignature(search: string): string {
  const parts = search.replace(/^\?/, "").split("&").filter(Boolean);
  const names = parts.map(parameterName);
  const found = signatures.filter(({ mark }) => names.some((name) => mark.test(name)));
  return parts.filter((_, index) => !found.some((group) => group.names.test(names[index] ?? ""))).join("&");
}

function parameterName(part: string): string {
  return new URLSearchParams(part).keys().next().value ?? "";
}
