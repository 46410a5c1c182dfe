/** Refuses duplicates within one run: of two images with the same id, the first one is stored. */
import { createHash } from "node:crypto";
import { HeadraceError, type Key, type Refusal } from "../../contracts/index.js";
import { HashTable, keyOf } from "../../kit/index.js";
import type { IngestInput } from "../../operations/index.js";

/**
 * Skips an image that comes again, and fails another image with the same id. An image that came with its own id is not stored again under a
 * derived id. Needs 11 to 16 bytes of memory per image with a derived id, and 32 to 48 bytes per image with its own id.
 */
export async function* refuseDuplicates(inputs: AsyncIterable<IngestInput>): AsyncGenerator<IngestInput> {
  const seen = new FirstSeen();
  for await (const input of inputs) {
    const refused = input.ref.refused ?? seen.refusalOf(input);
    yield refused === undefined ? input : { ...input, ref: { ...input.ref, refused } };
  }
}

/** Maximum number of sources whose names are kept for messages. */
const maxNames = 10_000;

class FirstSeen {
  /** Hashes of the keys derived from the sources, also for images that have their own ids. */
  readonly #derived = new HashTable({ values: 0 });
  /** Hashes of the caller's ids, each with a hash of the source and the number of the input. */
  readonly #given = new HashTable({ values: 2 });
  readonly #names: string[] = [];
  #count = 0;

  refusalOf({ id, ref }: IngestInput): Refusal | undefined {
    this.#count += 1;
    if (id === keyOf(ref.uri)) return this.#derived.first(hashOf(id), []) === null ? undefined : duplicate;
    const name = `${ref.uri} (${ref.line ?? `input ${this.#count}`})`;
    const [sourceHash] = hashOf(ref.uri);
    const first = this.#given.first(hashOf(id), [sourceHash, this.#count]);
    if (first === null) {
      this.#derived.first(hashOf(keyOf(ref.uri)), []);
      this.#names[this.#count % maxNames] = name;
      return undefined;
    }
    if (first[0] === sourceHash) return duplicate;
    const message = `id ${JSON.stringify(String(id))}: expected one image, found ${this.#nameOf(first[1] ?? 0)} and ${name}`;
    return { kind: "fail", error: new HeadraceError("id_duplicate", message, { item: ref.uri }) };
  }

  /** Names an input. Only the latest inputs have their source in memory. */
  #nameOf(input: number): string {
    const name = this.#count - input < maxNames ? this.#names[input % maxNames] : undefined;
    return name ?? `input ${input}`;
  }
}

const duplicate: Refusal = { kind: "skip", reason: "duplicate" };

/** The first 64 bits of a SHA-256. Text and a number with the same characters get different hashes. */
function hashOf(id: Key): readonly [number, number] {
  const digest = createHash("sha256")
    .update(`${typeof id} ${id}`)
    .digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
