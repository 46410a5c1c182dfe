/** Refuses duplicates within one run. Of several images with the same id, only the first is stored. */
import { HeadraceError, type IngestInput, type Key, type Refusal } from "../../contracts/index.js";
import { HashTable, hashOfDigits, hashOfText, keyOf, mapItems } from "../../kit/index.js";

/**
 * Skips an image that was already listed. Fails a different image with the same id. Also skips an image with a derived id if the image was
 * already listed with its own id. Needs 11 to 16 bytes of memory per image with a derived id, and 32 to 48 bytes per image with its own id.
 */
export function refuseDuplicates(inputs: AsyncIterable<IngestInput>): AsyncIterable<IngestInput> {
  const seen = new FirstSeen();
  return mapItems(inputs, (input) => {
    const refused = input.ref.refused ?? seen.refusalOf(input);
    return refused === undefined ? input : { ...input, ref: { ...input.ref, refused } };
  });
}

/** Maximum number of input names that are kept in memory for messages. */
const maxNames = 10_000;

class FirstSeen {
  /** Hashes of the ids derived from the sources. Includes the sources of images that have their own ids. */
  readonly #derived = new HashTable({ values: 0 });
  /** Hashes of the ids that the caller gave. Each has a hash of the source and the number of the input. */
  readonly #given = new HashTable({ values: 2 });
  readonly #names: string[] = [];
  #count = 0;

  refusalOf({ id, ref }: IngestInput): Refusal | undefined {
    this.#count += 1;
    const derived = keyOf(ref.uri);
    if (id === derived) return this.#derived.first(hashOfDigits(derived), []) === null ? undefined : duplicate;
    const name = `${ref.uri} (${ref.line ?? `input ${this.#count}`})`;
    const [sourceHash] = hashOf(ref.uri);
    const first = this.#given.first(hashOf(id), [sourceHash, this.#count]);
    if (first === null) {
      this.#derived.first(hashOfDigits(derived), []);
      this.#names[this.#count % maxNames] = name;
      return undefined;
    }
    if (first[0] === sourceHash) return duplicate;
    const message = `id ${JSON.stringify(String(id))}: expected one image, found ${this.#nameOf(first[1] ?? 0)} and ${name}`;
    return { kind: "fail", error: new HeadraceError("id_duplicate", message, { item: ref.uri }) };
  }

  /**
   * Returns the name of an input for messages. Only the sources of the latest inputs are kept in memory; others are named by their number.
   */
  #nameOf(input: number): string {
    const name = this.#count - input < maxNames ? this.#names[input % maxNames] : undefined;
    return name ?? `input ${input}`;
  }
}

const duplicate: Refusal = { kind: "skip", reason: "duplicate" };

/** A text id and a number id with the same characters get different hashes. */
function hashOf(id: Key): readonly [number, number] {
  return hashOfText(`${typeof id} ${id}`);
}
