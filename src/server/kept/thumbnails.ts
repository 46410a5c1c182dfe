/** Keeps small pictures of stored images in memory, and limits how many are made at the same time. */
import { mebibyte, Semaphore, unlessAborted } from "../../kit/index.js";

/** Makes a picture. The signal fires when nobody waits for it any more. */
type Make = (signal: AbortSignal) => Promise<Uint8Array>;

interface Making {
  readonly picture: Promise<Uint8Array>;
  readonly ending: AbortController;
  waiting: number;
}

const madeAtOnce = 4;

export class Thumbnails {
  /** The least recently used picture comes first. */
  readonly #kept = new Map<string, Uint8Array>();
  readonly #making = new Map<string, Making>();
  readonly #turns = new Semaphore(madeAtOnce);
  /** Images that anybody names on the web are slow at times, and keep nobody from the pictures of stored images. */
  readonly #turnsOfOthers = new Semaphore(madeAtOnce);
  #bytes = 0;

  /** `maxBytes`: memory for the pictures. Default 64 MiB, which is about 5,000 pictures. */
  constructor(readonly maxBytes = 64 * mebibyte) {}

  /** Returns the kept picture, or makes it. Requests for the same picture share the work. */
  async picture(key: string, make: Make, signal: AbortSignal): Promise<Uint8Array> {
    const kept = this.#used(key);
    if (kept !== undefined) return kept;
    const shared = this.#making.get(key);
    if (shared !== undefined) return this.#waited(key, shared, signal);
    // The client of this request may go away before its turn. Only work that has begun is shared.
    await this.#turns.enter(1, signal, "thumbnail");
    const made = this.#used(key);
    const begun = this.#making.get(key);
    if (made !== undefined || begun !== undefined) this.#turns.leave(1);
    if (made !== undefined) return made;
    return this.#waited(key, begun ?? this.#make(key, make), signal);
  }

  /** Makes a picture of an image that is not stored, and does not keep it. */
  unkept(make: Make, signal: AbortSignal): Promise<Uint8Array> {
    return this.#turnsOfOthers.run(1, signal, "thumbnail", () => make(signal));
  }

  /** Returns the kept picture as the one that was used last. */
  #used(key: string): Uint8Array | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept;
  }

  #make(key: string, make: Make): Making {
    const ending = new AbortController();
    const picture = make(ending.signal)
      .then((made) => {
        this.#keep(key, made);
        return made;
      })
      .finally(() => {
        this.#turns.leave(1);
        this.#forget(key, making);
      });
    const making: Making = { picture, ending, waiting: 0 };
    this.#making.set(key, making);
    return making;
  }

  async #waited(key: string, making: Making, signal: AbortSignal): Promise<Uint8Array> {
    making.waiting += 1;
    try {
      return await unlessAborted(making.picture, signal, "thumbnail");
    } finally {
      making.waiting -= 1;
      if (making.waiting === 0) {
        this.#forget(key, making);
        making.ending.abort();
      }
    }
  }

  #forget(key: string, making: Making): void {
    if (this.#making.get(key) === making) this.#making.delete(key);
  }

  #keep(key: string, picture: Uint8Array): void {
    this.#bytes += picture.byteLength - (this.#kept.get(key)?.byteLength ?? 0);
    this.#kept.set(key, picture);
    for (const [oldest, { byteLength }] of this.#kept) {
      if (this.#bytes <= this.maxBytes) return;
      this.#kept.delete(oldest);
      this.#bytes -= byteLength;
    }
  }
}
