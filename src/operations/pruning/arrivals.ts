/** Remembers which images a run has stored under new names. */
import type { ImageFacts, Key } from "../../contracts/index.js";
import { HashTable, hashOfText } from "../../kit/index.js";

/** The images that a run has stored under new names without inference. Needs 22 to 32 bytes of memory per image. */
export class Arrivals {
  readonly #contents = new HashTable({ values: 0 });
  readonly #ids = new HashTable({ values: 0 });

  add(id: Key, { content }: Pick<ImageFacts, "content">): void {
    this.#contents.first(hashOfText(content), []);
    this.#ids.first(hashOfText(String(id)), []);
  }

  /** Returns true if an image with this content has arrived. */
  hasContent({ content }: Pick<ImageFacts, "content">): boolean {
    return this.#contents.get(hashOfText(content)) !== null;
  }

  has(id: Key): boolean {
    return this.#ids.get(hashOfText(String(id))) !== null;
  }
}
