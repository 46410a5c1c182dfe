/** Remembers which images a listing has named, so that rows of other images can be found in the collection afterwards. */
import { createHash } from "node:crypto";
import { type Collection, type Filter, HeadraceError, type ImageFacts, type ImageRef, type StoredRow } from "../contracts/index.js";
import { type Hash, HashTable } from "../kit/index.js";
import type { IngestInput } from "./ingest.js";

/** Maximum number of roots. Each root becomes a part of one filter. */
const maxRoots = 100;
/** Maximum number of remembered names that could not be read. */
const maxUnreadable = 1_000;

/** Needs 11 to 16 bytes of memory per image. */
export class ListedSources {
  readonly #sources = new HashTable({ values: 0 });
  readonly #roots = new Set<string>();
  readonly #unreadable: string[] = [];
  readonly #incomplete = new Set<string>();
  #count = 0;

  /** Number of images that were listed, with duplicates. */
  get count(): number {
    return this.#count;
  }

  /** Passes inputs on, and remembers them. Throws `usage_invalid` for too many roots. */
  async *remember(inputs: AsyncIterable<IngestInput>): AsyncGenerator<IngestInput> {
    for await (const input of inputs) {
      this.#add(input.ref);
      yield input;
    }
  }

  /** Notes a name that could not be read, such as a folder without permission. It may be a folder, so the rows below it are kept. */
  noteUnreadable(source: string): void {
    if (this.#unreadable.length <= maxUnreadable) this.#unreadable.push(`${source}/`);
  }

  /** False if more names could not be read than can be remembered. `isGone` is then not reliable. */
  get isComplete(): boolean {
    return this.#unreadable.length <= maxUnreadable;
  }

  /** Returns true if the source was listed. */
  has(source: string): boolean {
    return this.#sources.get(hashOf(source)) !== null;
  }

  /**
   * Returns true if the image of a row is gone: it was not listed, it is not below a folder that could not be read, and its root was listed
   * whole. A bad line or a torn archive may hide any image of its root.
   */
  isGone({ source, root }: Pick<ImageFacts, "source" | "root">): boolean {
    if (this.has(source) || this.#unreadable.some((prefix) => source.startsWith(prefix))) return false;
    return ![...this.#incomplete].some((each) => root === each || root.startsWith(`${each}/`));
  }

  /** Streams the rows of the listed roots, and of all roots below them. */
  async *rowsInScope(
    collection: Pick<Collection, "scan">,
    options: { readonly vectors: "include" | "omit"; readonly signal: AbortSignal },
  ): AsyncGenerator<readonly StoredRow[]> {
    if (this.#roots.size > 0) yield* collection.scan({ ...options, filter: this.#scope() });
  }

  #add({ uri, root, refused }: ImageRef): void {
    this.#count += 1;
    this.#sources.first(hashOf(uri), []);
    if (refused?.kind === "fail") this.#incomplete.add(root);
    if (refused !== undefined && root === uri) return;
    this.#roots.add(root);
    if (this.#roots.size <= maxRoots) return;
    throw new HeadraceError("usage_invalid", `sources: expected at most ${maxRoots} folders, globs and manifests, found more`, {
      hint: "Name the folder that contains them, or write a manifest.",
    });
  }

  #scope(): Filter {
    const any = [...this.#roots].flatMap((root): Filter[] => [
      { kind: "compare", key: "root", operator: "==", value: root },
      { kind: "startsWith", key: "root", prefix: root.endsWith("/") ? root : `${root}/` },
    ]);
    return { kind: "or", any };
  }
}

/** Returns the first 64 bits of the SHA-256 of a text. */
export function hashOf(text: string): Hash {
  const digest = createHash("sha256").update(text).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
