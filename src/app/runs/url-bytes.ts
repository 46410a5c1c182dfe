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
  readonly #memory: Semaphore;

  constructor({ maxImageBytes, maxBytes }: UrlLimits) {
    this.maxImageBytes = maxImageBytes;
    this.#memory = new Semaphore(maxBytes);
  }

  /** @internal Returns the share of one image, which is empty at first. Release it once the bytes are not needed any more. */
  share(): UrlShare {
    return new UrlShare(this.#memory);
  }
}

export class UrlShare {
  readonly #memory: Semaphore;
  #bytes = 0;

  constructor(memory: Semaphore) {
    this.#memory = memory;
  }

  /** Waits until there is memory for an image of this size. Gives back what an earlier attempt has taken. Throws `aborted`. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    this.release();
    await this.#memory.enter(bytes, signal, "reading");
    this.#bytes = bytes;
  }

  /** Gives back what the image does not need. `bytes`: its size, now that it is known. */
  shrink(bytes: number): void {
    if (bytes >= this.#bytes) return;
    this.#memory.leave(this.#bytes - bytes);
    this.#bytes = bytes;
  }

  release(): void {
    this.shrink(0);
  }
}
