/**
 * Hashes of the contents of a table's rows, in memory. A run that looks up many contents reads them once. Then it sends a query only for
 * contents that the table may have, and most new images have none of them.
 */
import type { Table } from "@lancedb/lancedb";
import { HashTable } from "../../../kit/index.js";
import { hashOf } from "./key-hash.js";

/** Most contents that are kept in memory, at 11 to 16 bytes per content. With more, every content is looked up with a query. */
const maxContents = 10_000_000;

/**
 * The contents are read into memory after look-ups of at least `contents` contents, which must also be at least `share` of the table's rows.
 * In a table of a million rows, a query for 64 contents takes 15 ms of processor time. Reading a million contents takes a second.
 */
const askedFirst = { contents: 1_000, share: 1 / 1_000 } as const;

/** Belongs to the table's only writer. The writer reports the contents of all rows before it writes them. */
export class ContentMarks {
  #asked = 0;
  #state: "not asked" | "recording" | "too many" = "not asked";
  /** The contents of the latest write before the first look-up. The write may be under way. */
  #latest: readonly string[] = [];
  /** Also has contents of rows that were deleted since, or whose write failed. They are looked up with a query. */
  #hashes = new HashTable({ values: 0 });
  #count = 0;
  #reading: Promise<void> | null = null;

  /** Must be called before rows with these contents are written. */
  writes(contents: readonly string[]): void {
    if (this.#state === "recording") for (const content of contents) this.#add(content);
    else this.#latest = contents;
  }

  /** Returns the contents that the table may have. The table has no row with one of the others. */
  async possible(table: Table, contents: readonly string[]): Promise<readonly string[]> {
    if (this.#state === "not asked") {
      this.#state = "recording";
      this.writes(this.#latest);
      this.#latest = [];
    }
    this.#asked += contents.length;
    if (this.#reading === null && (await this.#isWorthReading(table))) this.#reading ??= this.#read(table);
    await this.#reading;
    if (this.#reading === null || this.#state === "too many") return contents;
    return contents.filter((content) => this.#hashes.get(hashOf(content)) !== null);
  }

  async #isWorthReading(table: Table): Promise<boolean> {
    if (this.#state === "too many" || this.#asked < askedFirst.contents) return false;
    const rows = await table.countRows();
    if (rows > maxContents) this.#giveUp();
    return rows <= maxContents && this.#asked >= rows * askedFirst.share;
  }

  /** If reading fails, a later look-up tries again. */
  async #read(table: Table): Promise<void> {
    try {
      for await (const batch of table.query().select(["content"])) {
        const content = batch.getChild("content")!;
        for (let row = 0; row < batch.numRows; row += 1) this.#add(String(content.get(row)));
      }
    } catch (cause) {
      this.#reading = null;
      throw cause;
    }
  }

  #add(content: string): void {
    if (this.#state === "too many" || this.#hashes.first(hashOf(content), []) !== null) return;
    this.#count += 1;
    if (this.#count > maxContents) this.#giveUp();
  }

  #giveUp(): void {
    this.#state = "too many";
    this.#hashes = new HashTable({ values: 0 });
  }
}
