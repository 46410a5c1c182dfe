/** Tells by their extensions which files name or contain images. */
import { extname } from "node:path/posix";
import { imageExtensions, isUrl } from "../kit/index.js";

export type ContainerKind = "table" | "manifest" | "list" | "archive";

const kinds: Readonly<Record<string, ContainerKind>> = {
  ".csv": "table",
  ".tsv": "table",
  ".tab": "table",
  ".parquet": "table",
  ".jsonl": "manifest",
  ".ndjson": "manifest",
  ".txt": "list",
  ".tar": "archive",
  ".tgz": "archive",
  ".tar.gz": "archive",
  ".zip": "archive",
};

/** Returns whether a path or an address is that of a file that names or contains images, or of a bucket. */
export function isContainer(path: string): boolean {
  return path.startsWith("s3://") || containerKind(path) !== undefined;
}

/** Returns whether an address is that of a file that names or contains images, in a bucket or on a web server. */
export function isRemoteContainer(address: string): boolean {
  return /^(https?|s3):\/\//i.test(address) && containerKind(address) !== undefined;
}

/** Returns the kind of a file that names or contains images. undefined: another file, or a URL of a scheme that has no such files. */
export function containerKind(path: string): ContainerKind | undefined {
  return kinds[containerExtension(path)];
}

/** Returns whether a glob cannot name a file with images: it ends with `*` or with extensions of images, such as `*.{jpg,png}`. */
export function namesOnlyImages(glob: string): boolean {
  if (glob.endsWith("*")) return true;
  const name = glob.slice(glob.lastIndexOf("/") + 1);
  const [, braced, plain] = /\.(?:\{([^{}]+)\}|([^.{}]+))$/.exec(name) ?? [];
  const extensions = (braced ?? plain ?? "").toLowerCase().split(",");
  return extensions.every((extension) => imageExtensions.includes(extension));
}

/** Returns the extension in lower case, such as ".csv" or ".tar.gz". Empty: the path has none, or is a URL of another scheme. */
export function containerExtension(path: string): string {
  const name = nameOf(path).toLowerCase();
  return name.endsWith("/") ? "" : name.endsWith(".tar.gz") ? ".tar.gz" : extname(name);
}

function nameOf(path: string): string {
  if (!isUrl(path) || path.startsWith("file:") || path.startsWith("s3://")) return path;
  return /^https?:\/\//i.test(path) && URL.canParse(path) ? new URL(path).pathname : "";
}
