/** Limits the memory for images that calls read from web servers and buckets. */
import { Semaphore } from "../../kit/index.js";

export interface UrlLimits {
  /** A larger image fails with `source_too_large`. */
  readonly maxImageBytes: number;
  /** Bytes of the images of all calls together. Further images wait before they arrive. */
  readonly maxBytes: number;
}

/** Calls that get the same object share its limits. */
export class UrlBytes {
  readonly maxImageBytes: number;
  readonly #memories: readonly Semaphore[];

  constructor(limits: UrlLimits);
  /** @internal */
  constructor(limits: UrlLimits, outer: readonly Semaphore[]);
  constructor({ maxImageBytes, maxBytes }: UrlLimits, outer: readonly Semaphore[] = []) {
    this.maxImageBytes = maxImageBytes;
    this.#memories = [new Semaphore(maxBytes), ...outer];
  }

  /** Returns lower limits for some of the calls, such as those of one client. Their images count for both limits. */
  part(maxBytes: number): UrlBytes {
    return new UrlBytes({ maxImageBytes: this.maxImageBytes, maxBytes }, this.#memories);
  }

  /** @internal Returns the share of one image, which is empty at first. Release it once the bytes are not needed any more. */
  share(): UrlShare {
    return new UrlShare(this.#memories);
  }
}

export class UrlShare {
  /** The smallest memory comes first, so that who waits for it holds nothing of the others. */
  readonly #memories: readonly Semaphore[];
  #bytes = 0;

  constructor(memories: readonly Semaphore[]) {
    this.#memories = memories;
  }

  /** Waits until there is memory for an image of this size. Gives back what an earlier attempt has taken. Throws `aborted`. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    this.release();
    const entered: Semaphore[] = [];
    try {
      for (const memory of this.#memories) {
        await memory.enter(bytes, signal, "reading");
        entered.push(memory);
      }
    } catch (error) {
      for (const memory of entered) memory.leave(bytes);
      throw error;
    }
    this.#bytes = bytes;
  }

  /** Gives back what the image does not need. `bytes`: its size, now that it is known. */
  shrink(bytes: number): void {
    if (bytes >= this.#bytes) return;
    for (const memory of this.#memories) memory.leave(this.#bytes - bytes);
    this.#bytes = bytes;
  }

  release(): void {
    this.shrink(0);
  }
}
