/** Reads an address once that several images of a run share. Its other images get a copy of the bytes, or the same error. */
import { type Encoded, HeadraceError, type ImageRef, type Reader } from "../../contracts/index.js";
import { RecentMap } from "./recent-map.js";

export interface ReadOnceOptions {
  /** Maximum memory of what is remembered, in bytes. The addresses that were unused for the longest time are forgotten first. */
  readonly maxBytes: number;
  /** An address that failed is asked again after this time, in milliseconds. */
  readonly failureMs: number;
}

/**
 * Wraps a reader of a network. Only addresses that were seen before are kept with their bytes, so images that have an address of their own cost
 * no copy. An error that the engine tries again is not remembered.
 */
export function readOnce(reader: Reader, options: ReadOnceOptions): Reader {
  const recent = new RecentReads(options);
  const { readIfChanged } = reader;
  return {
    ...reader,
    async read(ref, limits, signal) {
      const read = await recent.get(` ${ref.location}`, () => reader.read(ref, limits, signal));
      if (read !== null) return read;
      throw new HeadraceError("contract_broken", `reader "${reader.name}", ${ref.uri}: expected an image, found none`);
    },
    ...(readIfChanged === undefined
      ? {}
      : {
          readIfChanged: (ref: ImageRef, wanted: { readonly maxBytes: number; readonly storedVersion: string }, signal: AbortSignal) =>
            recent.get(`${wanted.storedVersion} ${ref.location}`, () => readIfChanged.call(reader, ref, wanted, signal)),
        }),
  };
}

type Ended =
  /** null: the stored version is still the current one. */
  | { readonly kind: "read"; readonly encoded: Encoded | null }
  | { readonly kind: "failed"; readonly error: HeadraceError; readonly untilMs: number }
  /** The address was read, and its bytes were not kept. */
  | { readonly kind: "seen" };

interface Begun {
  readonly ended: Promise<Ended>;
  waiters: number;
}

/** Memory of an entry besides its address and its bytes. */
const entryBytes = 300;
const bytesPerLetter = 2;

class RecentReads {
  readonly #options: ReadOnceOptions;
  readonly #ended: RecentMap<Ended>;
  readonly #begun = new Map<string, Begun>();

  constructor(options: ReadOnceOptions) {
    this.#options = options;
    this.#ended = new RecentMap(options);
  }

  async get(key: string, read: () => Promise<Encoded | null>): Promise<Encoded | null> {
    const begun = this.#begun.get(key);
    if (begun !== undefined) {
      begun.waiters += 1;
      const ended = await begun.ended;
      return ended.kind === "seen" ? this.get(key, read) : taken(ended);
    }
    const known = this.#ended.get(key);
    if (known?.kind === "read" || (known?.kind === "failed" && performance.now() < known.untilMs)) return taken(known);
    return this.#begin(key, known, read);
  }

  async #begin(key: string, known: Ended | undefined, read: () => Promise<Encoded | null>): Promise<Encoded | null> {
    let end: (ended: Ended) => void = () => undefined;
    const begun: Begun = {
      ended: new Promise((resolve) => {
        end = resolve;
      }),
      waiters: 0,
    };
    this.#begun.set(key, begun);
    let ended: Ended = { kind: "seen" };
    try {
      const encoded = await read();
      const isShared = known !== undefined || begun.waiters > 0;
      // The caller may pass its bytes on to a thread, which takes them away from here.
      if (encoded === null || isShared) ended = { kind: "read", encoded: copyOf(encoded) };
      this.#keep(key, ended);
      return encoded;
    } catch (thrown) {
      const error = HeadraceError.from(thrown);
      const untilMs = performance.now() + this.#options.failureMs;
      if (error.scope !== "item") ended = { kind: "failed", error, untilMs };
      else if (!error.retryable) {
        ended = { kind: "failed", error, untilMs };
        this.#keep(key, ended);
      }
      throw error;
    } finally {
      this.#begun.delete(key);
      end(ended);
    }
  }

  #keep(key: string, ended: Ended): void {
    const bytes = ended.kind === "read" ? (ended.encoded?.bytes.byteLength ?? 0) : 0;
    // A picture that fills a generation would make the others forgotten.
    const isLarge = bytes > this.#options.maxBytes / 4;
    this.#ended.set(key, isLarge ? { kind: "seen" } : ended, entryBytes + key.length * bytesPerLetter + (isLarge ? 0 : bytes));
  }
}

function taken(ended: Exclude<Ended, { kind: "seen" }>): Encoded | null {
  if (ended.kind === "failed") throw ended.error;
  return copyOf(ended.encoded);
}

function copyOf(encoded: Encoded | null): Encoded | null {
  return encoded === null ? null : { ...encoded, bytes: encoded.bytes.slice() };
}
