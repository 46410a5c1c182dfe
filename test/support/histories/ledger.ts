/** What the oracle knows of the rows: where each came from, what people gave, and what was deleted. */
import type { Entry } from "./listings.js";
import type { Source } from "./places.js";
import type { Given, Row } from "./rows.js";
import type { Thing, World } from "./world.js";

/** Rows that a call deleted, and the files that it left for them. */
export interface Deletion {
  readonly rows: readonly Row[];
  readonly files: readonly string[];
}

export class Ledger {
  rows: ReadonlyMap<string, Row> = new Map();
  /** What a person gave each row, by its key. */
  readonly given = new Map<string, Given>();
  readonly #origins = new Map<string, string>();
  readonly #things = new Map<string, Thing>();
  /** Images that failed, with what a person gave. "perhaps": the call did not come to its end. */
  readonly failed = new Map<string, { readonly entry: Entry; readonly how: "surely" | "perhaps" }>();
  /** Lists and archives that were away when a call named them, by their names. A retry lists them. */
  readonly awayContainers = new Map<string, Source>();
  readonly deletions: Deletion[] = [];
  /** Rows whose vectors a history has destroyed. */
  readonly destroyed = new Set<string>();

  originOf(key: string): string {
    return this.#origins.get(key) ?? "itself";
  }

  /** The file whose picture the row was made of; undefined for other rows. */
  thingOf(key: string): Thing | undefined {
    return this.#things.get(key);
  }

  /** Remembers the rows as they are after a call. `entries`: what the call listed. */
  learn(rows: ReadonlyMap<string, Row>, entries: ReadonlyMap<string, Entry>, world: World): void {
    for (const [key, row] of rows) {
      const isWritten = this.rows.get(key)?.ingestedAt !== row.ingestedAt;
      const origin = row.archive ?? entries.get(key)?.origin;
      if (origin !== undefined && (isWritten || !this.#origins.has(key))) this.#origins.set(key, origin);
      const thing = row.path === null ? undefined : world.files.get(row.path);
      if (thing?.picture.content === row.content) this.#things.set(key, thing);
      this.given.set(key, row.given);
      if (isWritten && row.hasVector) this.destroyed.delete(key);
    }
    for (const key of this.given.keys()) if (!rows.has(key)) this.given.delete(key);
    this.rows = rows;
  }

  /** Remembers a row that another writer has inserted by its own name. */
  meet(row: Row): void {
    this.rows = new Map([...this.rows, [row.key, row]]);
    this.expect(row.key, row.given);
  }

  /** Remembers that a person inserts an image by its own name, and what is said of it. */
  expect(key: string, given: Given): void {
    this.given.set(key, given);
    this.#origins.set(key, "itself");
  }
}
