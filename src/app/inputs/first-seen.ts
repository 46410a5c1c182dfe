/** What a run was given before: of two images with one id the first wins, whatever was stored when. */
import { createHash } from "node:crypto";
import { HeadraceError, type Key, type Refusal } from "../../contracts/index.js";
import { HashTable, keyOf } from "../../kit/index.js";
import type { IngestInput } from "../../operations/index.js";

/**
 * Refuses what is given a second time: the same image is skipped, another image with the same id fails. An image that has an id of its own
 * is not stored once more under a derived one. Holds 11 to 16 bytes for an image whose id is derived from its source, 32 to 48 bytes for
 * one with an id of its own.
 */
export async function* onceEach(inputs: AsyncIterable<IngestInput>): AsyncGenerator<IngestInput> {
  const seen = new FirstSeen();
  for await (const input of inputs) {
    const refused = input.ref.refused ?? seen.refusalOf(input);
    yield refused === undefined ? input : { ...input, ref: { ...input.ref, refused } };
  }
}

/** Sources that are remembered by name, for messages. */
const maxNames = 10_000;

class FirstSeen {
  /** Keys derived from each source, also of images that have ids of their own. */
  readonly #derived = new HashTable({ values: 0 });
  /** Ids of the caller's own, each with a hash of the source and the number of the input. */
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
    const message = `id ${JSON.stringify(String(id))}: expected one image for it, found ${this.#nameOf(first[1] ?? 0)} and ${name}`;
    return { kind: "fail", error: new HeadraceError("id_duplicate", message, { item: ref.uri }) };
  }

  /** Only the latest are known by name. */
  #nameOf(input: number): string {
    const name = this.#count - input < maxNames ? this.#names[input % maxNames] : undefined;
    return name ?? `input ${input}`;
  }
}

const duplicate: Refusal = { kind: "skip", reason: "duplicate" };

/** 64 bits of the SHA-256; text and numbers of the same spelling are two ids. */
function hashOf(id: Key): readonly [number, number] {
  const digest = createHash("sha256")
    .update(`${typeof id} ${id}`)
    .digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
