/** Looks at the image of a row itself. Only this is proof that the image is gone: that a listing does not name it is a suspicion. */
import { resolve } from "node:path";
import type { NamedSource, StoredRow } from "../../contracts/index.js";
import { changedMsOf, type FileNaming, Semaphore } from "../../kit/index.js";
import type { KeptReason, ListedSource } from "../../operations/index.js";
import { changeTimeMs, lookAtFile, makeObjectLooks, type ObjectLooks, pathOfSource } from "../../sources/index.js";
import type { Settings } from "../configuration/settings.js";

export interface LooksOptions {
  readonly s3: Settings["s3"];
  /** How the listing has named files. */
  readonly naming: FileNaming | undefined;
  /** Rows of tables, lists and archives that were stored since then are kept, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** "ask": asks the server for each object. "trust listing": an object that was not listed is gone. Nothing may then be deleted. */
  readonly objects: "ask" | "trust listing";
  /** Whether a row belongs to a table, a list or an archive. */
  readonly isContained: (row: StoredRow["facts"]) => boolean;
  readonly signal: AbortSignal;
}

type FolderSource = Extract<NamedSource, { readonly kind: "folder" | "glob" }>;

const objectsAtOnce = 16;
const filesAtOnce = 64;

export class Looks implements AsyncDisposable {
  readonly #files = new Semaphore(filesAtOnce);
  readonly #asked = new Semaphore(objectsAtOnce);
  #objects: Promise<ObjectLooks> | null = null;

  constructor(readonly options: LooksOptions) {}

  /** Returns null if the image of the row is gone, else why the row must stay. `source`: the source that the row belongs to. */
  readonly look = async (row: StoredRow, { named }: ListedSource): Promise<KeptReason | null> => {
    if (named === null) return "image_exists";
    switch (named.kind) {
      case "folder":
      case "glob":
        return this.#files.run(1, this.options.signal, "sync", () => this.#lookInFolder(row, named));
      case "prefix":
        return this.options.objects === "ask" ? this.#lookAtObject(row.facts.source) : null;
      case "container":
        // A row of a list is gone if its line is gone. The listing itself is the look.
        return row.ingestedAt >= this.options.sinceMs ? "newer" : null;
      default:
        return named satisfies never;
    }
  };

  /**
   * Returns when the image of a row came under its present name, in milliseconds since the epoch; null if nobody knows. The version of a file
   * says it. A file that was new when it was stored has none, so the file itself is asked.
   */
  readonly cameMs = async ({ facts, ingestedAt }: StoredRow): Promise<number | null> => {
    if (facts.source.startsWith("s3://")) return ingestedAt;
    const path = this.#pathOf(facts.source);
    return changedMsOf(facts.version) ?? (path === null ? null : changeTimeMs(path));
  };

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#objects)?.close();
  }

  async #lookInFolder({ facts }: StoredRow, folder: FolderSource): Promise<KeptReason | null> {
    const path = this.#pathOf(this.options.isContained(facts) ? facts.root : facts.source);
    if (path === null) return "cannot_look";
    const look = await lookAtFile(path, folder);
    return look === "gone" ? null : lookReasons[look];
  }

  async #lookAtObject(uri: string): Promise<KeptReason | null> {
    if (!uri.startsWith("s3://")) return "cannot_look";
    this.#objects ??= makeObjectLooks(this.options.s3);
    const objects = await this.#objects;
    const { signal } = this.options;
    const look = await this.#asked.run(1, signal, "sync", () => objects.look(uri, signal));
    return look === "gone" ? null : lookReasons[look];
  }

  #pathOf(uri: string): string | null {
    const { naming } = this.options;
    if (naming !== undefined && uri.startsWith(`${naming.as}:`)) return resolve(naming.base, uri.slice(naming.as.length + 1));
    return pathOfSource(uri);
  }
}

const lookReasons = { exists: "image_exists", unclear: "cannot_look", changed: "source_changed" } as const;
