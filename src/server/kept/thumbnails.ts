/** Keeps small pictures of stored images in memory, and limits how many are made at the same time. */
import { mebibyte, Semaphore } from "../../kit/index.js";

const madeAtOnce = 4;

export class Thumbnails {
  /** The least recently used picture comes first. */
  readonly #kept = new Map<string, Uint8Array>();
  readonly #making = new Map<string, Promise<Uint8Array>>();
  readonly #turns = new Semaphore(madeAtOnce);
  #bytes = 0;

  /** `maxBytes`: memory for the pictures. Default 64 MiB, which is about 5,000 pictures. */
  constructor(readonly maxBytes = 64 * mebibyte) {}

  /** Returns the kept picture, or makes it. Requests for the same picture share the work. */
  async picture(key: string, make: () => Promise<Uint8Array>, signal: AbortSignal): Promise<Uint8Array> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    const shared = this.#making.get(key);
    if (shared !== undefined) return shared;
    // The client of this request may go away before its turn. Only work that has begun is shared.
    await this.#turns.enter(1, signal, "thumbnail");
    const making = this.#making.get(key) ?? this.#make(key, make);
    try {
      return await making;
    } finally {
      this.#turns.leave(1);
    }
  }

  #make(key: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const making = make()
      .then((picture) => {
        this.#keep(key, picture);
        return picture;
      })
      .finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    return making;
  }

  #keep(key: string, picture: Uint8Array): void {
    this.#kept.set(key, picture);
    this.#bytes += picture.byteLength;
    for (const [oldest, { byteLength }] of this.#kept) {
      if (this.#bytes <= this.maxBytes) return;
      this.#kept.delete(oldest);
      this.#bytes -= byteLength;
    }
  }
}
