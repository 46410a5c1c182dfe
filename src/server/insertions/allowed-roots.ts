/** Where requests and jobs may make the server read. Every way to name a file or an object is checked here. */
import { realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { ImageRef } from "../../contracts/index.js";
import { isMemberUri, isRemoteMemberUri, memberLocation, remoteMember } from "../../kit/index.js";

const globCharacters = /[*?[\]{}()!]/;
const bucket = "s3://";
/** Images that are on no disk and need no credentials of the server. */
const openSchemes: ReadonlySet<string> = new Set(["http", "https", "data"]);

/** The entries of `server.allowed_roots`: folders, and prefixes such as `s3://bucket/pets/`. */
export class AllowedRoots {
  readonly #folders: readonly string[];
  readonly #prefixes: readonly string[];

  constructor(roots: readonly string[]) {
    this.#folders = roots.filter((root) => !root.startsWith(bucket));
    this.#prefixes = roots.filter((root) => root.startsWith(bucket)).map((root) => (root.endsWith("/") ? root : `${root}/`));
  }

  get isEmpty(): boolean {
    return this.#folders.length + this.#prefixes.length === 0;
  }

  /**
   * Returns the absolute path of a file or folder, with all links followed, or of a glob. A relative path counts from the first folder that has
   * it. Returns null for a place outside all folders, whether it exists or not.
   */
  async place(path: string): Promise<string | null> {
    if (path.includes("\0")) return null;
    let absent: string | null = null;
    const folders = await this.#realFolders();
    for (const folder of folders) {
      const found = await realBase(resolve(folder, path));
      if (found === null || !folders.some((each) => isWithin(each, found.path))) continue;
      if (found.exists) return found.path;
      absent ??= found.path;
    }
    return absent;
  }

  /** Returns the absolute path of one file, as `place` does. An allowed folder itself is no file. */
  async file(path: string): Promise<string | null> {
    const found = await this.place(path);
    return found !== null && (await this.#realFolders()).includes(found) ? null : found;
  }

  /** Whether an object, or all objects below a prefix, may be read. A key with `.` or `..` between slashes is refused: servers differ about it. */
  hasObject(address: string): boolean {
    if (address.split("/").some((part) => part === "." || part === "..")) return false;
    return this.#prefixes.some((prefix) => address.startsWith(prefix) || `${address}/` === prefix);
  }

  /** Whether an image, a table or an archive that a listing has found may be read. Web addresses have a guard of their own. */
  async hasImage(ref: Pick<ImageRef, "scheme" | "location">): Promise<boolean> {
    const { scheme, location } = isRemoteMemberUri(ref.location) ? remoteMember(ref.location).file : ref;
    if (openSchemes.has(scheme)) return true;
    if (scheme === "s3") return this.hasObject(location);
    const path = scheme === "file" ? location : isMemberUri(location) ? memberLocation(location).path : null;
    if (path === null || !isAbsolute(path)) return false;
    const found = await real(path);
    return (await this.#realFolders()).some((folder) => isWithin(folder, found.path));
  }

  /** Looked up each time, because a folder may be mounted, or a link set, while the server runs. */
  async #realFolders(): Promise<readonly string[]> {
    return Promise.all(this.#folders.map(async (root) => (await real(resolve(root))).path));
  }
}

interface RealPath {
  readonly path: string;
  readonly exists: boolean;
}

/** Follows links. Of a path that does not exist, follows those of the part that exists. */
async function real(path: string): Promise<RealPath> {
  try {
    return { path: await realpath(path), exists: true };
  } catch {
    const parent = dirname(path);
    return { path: parent === path ? path : join((await real(parent)).path, basename(path)), exists: false };
  }
}

/** Follows links in a path, or in the part of a glob before its first special character. Null: the glob climbs out of that part. */
async function realBase(path: string): Promise<RealPath | null> {
  const parts = path.split(sep);
  const at = parts.findIndex((part) => globCharacters.test(part));
  // A file or folder may have such characters in its name.
  const literal = await real(path);
  if (at === -1 || literal.exists) return literal;
  const rest = parts.slice(at);
  if (rest.includes("..")) return null;
  const base = await real(parts.slice(0, at).join(sep) || sep);
  return { path: join(base.path, ...rest), exists: base.exists };
}

/** Whether a path is the folder, or below it. */
function isWithin(folder: string, path: string): boolean {
  const inner = relative(folder, path);
  return !isAbsolute(inner) && inner !== ".." && !/^\.\.[/\\]/.test(inner);
}
