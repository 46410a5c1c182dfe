/** Canonical URIs: one spelling for each image, from which its key is derived. */
import { createHash } from "node:crypto";
import { isAbsolute, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { HeadraceError, type ImageRef } from "../contracts/index.js";

/** Names files by a label and their path below a folder, so that their keys survive another mount. */
export interface FileNaming {
  /** The folder, as an absolute path. */
  readonly base: string;
  /** The label that stands for it: letters, digits, `_`, `-`; at least two, so that it cannot be read as a drive. */
  readonly as: string;
}

/** The key of a row: the first 128 bits of the SHA-256 of the canonical URI, in hex. */
export function keyOf(uri: string): string {
  return createHash("sha256").update(uri).digest("hex").slice(0, 32);
}

/** `file:` URI of an absolute path, or `NAME:` and the path below `naming.base`. Links are not resolved, and an accent keeps its spelling: two spellings are two files. Throws `input_invalid`. */
export function fileUri(path: string, naming?: FileNaming): string {
  if (!isAbsolute(path)) throw new HeadraceError("input_invalid", `path: expected an absolute one, found ${path}`, { item: path });
  if (naming === undefined) return pathToFileURL(path).href;
  if (!namePattern.test(naming.as))
    throw new HeadraceError("input_invalid", `name for ${naming.base}: expected one such as "photos", found "${naming.as}"`);
  const below = relative(naming.base, path);
  if (isAbsolute(below) || below === ".." || /^\.\.[\\/]/.test(below))
    throw new HeadraceError("input_invalid", `path: expected one below ${naming.base}, found ${path}`, { item: path });
  return `${naming.as}:${below.replaceAll(separator, "/")}`;
}

/**
 * A file as people write it, in the spelling of its URI: an absolute path, or a `file:///` URL with blanks and letters of any language.
 * It may be the beginning of one. Any other text stays as it is.
 */
export function fileUriAsWritten(text: string): string {
  // A character at its end meanwhile keeps what stands there: `/photos/` its slash, `/photos/.` its dot, the half of a name its half.
  const whole = `${text}x`;
  if (isAbsolute(text)) return fileUri(whole).slice(0, -1);
  if (/^file:\/\/\//i.test(text) && URL.canParse(whole)) return new URL(whole).href.slice(0, -1);
  return text;
}

/** The absolute path of a `file:` URL; null for anything else. */
export function pathOfFileUrl(text: string): string | null {
  if (!/^file:\/\//i.test(text)) return null;
  try {
    return fileURLToPath(text);
  } catch (cause) {
    throw new HeadraceError("input_invalid", `file URL: expected a path on this machine, found ${text}`, { item: text, cause });
  }
}

/** Whether it is meant as a URL. Two letters at least before the colon, so that `C:\photos` stays a path. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(text);
}

/** What a URL names, for the reader of its scheme. Throws `input_invalid`. */
export function urlRef(text: string): ImageRef {
  const uri = urlUri(text);
  const scheme = text.slice(0, text.indexOf(":")).toLowerCase();
  return { uri, location: text, scheme, root: uri, version: null, sizeBytes: null, metadata: null };
}

/** A URL as WHATWG writes it, without fragment, user info and the parameters of a signature. Throws `input_invalid`. */
export function urlUri(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new HeadraceError("input_invalid", `URL: expected a valid one, found ${text.slice(0, 200)}`, { cause });
  }
  url.hash = "";
  url.username = "";
  url.password = "";
  url.search = withoutSignature(url.search);
  return url.href;
}

/** Bytes that have no address: named by their content. */
export function bytesUri(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

const namePattern = /^[A-Za-z][A-Za-z0-9_-]+$/;
const separator = process.platform === "win32" ? "\\" : "/";

/** Ways to sign a URL: a query that holds `mark` loses the names of its group, any other keeps them, as `sp=2` may well be a page. */
const signatures: readonly { readonly mark: RegExp; readonly names: RegExp }[] = [
  { mark: /^x-amz-/i, names: /^x-amz-/i },
  { mark: /^x-goog-/i, names: /^x-goog-/i },
  { mark: /^signature$/i, names: /^(signature|expires|awsaccesskeyid|googleaccessid|key-pair-id|policy)$/i },
  { mark: /^sig$/i, names: /^(sig|sv|ss|srt|sr|sp|st|se|sip|spr|si|ses|sdd|skoid|sktid|skt|ske|sks|skv|saoid|suoid|scid)$/i },
];

/** Works on the raw text, so that what stays keeps its spelling. */
function withoutSignature(search: string): string {
  const parts = search.replace(/^\?/, "").split("&").filter(Boolean);
  const names = parts.map(parameterName);
  const found = signatures.filter(({ mark }) => names.some((name) => mark.test(name)));
  return parts.filter((_, index) => !found.some((group) => group.names.test(names[index] ?? ""))).join("&");
}

function parameterName(part: string): string {
  return new URLSearchParams(part).keys().next().value ?? "";
}
