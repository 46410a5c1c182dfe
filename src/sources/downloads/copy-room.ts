/** The room on the disk that all copies of a pipeline share. */
import { HeadraceError } from "../../contracts/index.js";
import { abortedError, checkAborted, listenForAbort } from "../../kit/index.js";

/** "list": the copy may wait until others are no longer needed. "read": listings wait for the copy, so it waits only for other readers. */
export type CopyPurpose = "list" | "read";

export interface RoomRequest {
  readonly uri: string;
  readonly purpose: CopyPurpose;
  /** What the copy already has. */
  readonly ownBytes: number;
  readonly signal: AbortSignal;
}

export class CopyRoom {
  readonly #waiting = new Set<() => void>();
  #usedBytes = 0;
  #changes = 0;
  /** Number of copies for reading that look for room. They go first, because they have deleted others for it. */
  #reading = 0;

  constructor(
    readonly maxBytes: number,
    /** Deletes a copy that nobody needs. Returns false if there is none. */
    readonly evict: (purpose: CopyPurpose) => Promise<boolean>,
    /** Returns whether images are being read from copies. These end by themselves. */
    readonly isBeingRead: () => boolean,
  ) {}

  /** Waits for room, and takes it. Throws `source_too_large`. */
  async take(bytes: number, request: RoomRequest): Promise<void> {
    if (request.purpose === "list") return this.#take(bytes, request);
    this.#reading += 1;
    try {
      return await this.#take(bytes, request);
    } finally {
      this.#reading -= 1;
      this.changed();
    }
  }

  async #take(bytes: number, { uri, purpose, ownBytes, signal }: RoomRequest): Promise<void> {
    for (;;) {
      checkAborted(signal, "copying");
      const seen = this.#changes;
      if (this.#usedBytes + bytes <= this.maxBytes && (purpose === "read" || this.#reading === 0)) {
        this.#usedBytes += bytes;
        return;
      }
      if (ownBytes + bytes > this.maxBytes) throw tooLarge(uri, this.maxBytes, `${ownBytes + bytes} or more`);
      if (await this.evict(purpose)) continue;
      if (purpose === "read" && !this.isBeingRead())
        throw tooLarge(uri, this.maxBytes, `${ownBytes + bytes} or more, and other files that are in use`);
      if (seen === this.#changes) await this.#change(signal);
    }
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
    this.changed();
  }

  /** Tells those who wait for room to look again. */
  changed(): void {
    this.#changes += 1;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const look of waiting) look();
  }

  async #change(signal: AbortSignal): Promise<void> {
    let stop = (): void => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        stop = () => reject(abortedError(signal, "copying"));
        listenForAbort(signal, stop);
        this.#waiting.add(resolve);
      });
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}

function tooLarge(uri: string, maxBytes: number, found: string): HeadraceError {
  return new HeadraceError("source_too_large", `${uri}: expected at most ${maxBytes} bytes (downloads.max_mb), found ${found}`, {
    item: uri,
    hint: "Raise `downloads.max_mb`, or cut the file into smaller ones.",
  });
}
