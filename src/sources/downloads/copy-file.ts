/** The file of a copy. It is written as far as there is room for it. */
import { type FileHandle, open, rm, truncate } from "node:fs/promises";
import type { CopyTarget } from "../../contracts/index.js";
import { fileError } from "../../kit/index.js";
import type { CopyRoom, RoomRequest } from "./copy-room.js";

export class CopyFile implements CopyTarget {
  #handle: FileHandle | null = null;
  #exists = false;
  #roomBytes = 0;
  #writtenBytes = 0;

  constructor(
    readonly path: string,
    readonly room: CopyRoom,
    readonly request: Omit<RoomRequest, "ownBytes">,
  ) {}

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  async begin(sizeBytes: number | null): Promise<void> {
    await this.discard();
    await this.#reserve(sizeBytes ?? 0);
    this.#handle = await this.#do(() => open(this.path, "w"));
    this.#exists = true;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#reserve(this.#writtenBytes + bytes.byteLength);
    await this.#do(async () => this.#handle?.appendFile(bytes));
    this.#writtenBytes += bytes.byteLength;
  }

  /** Ends writing. */
  async end(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await this.#do(async () => handle?.close());
  }

  /** Deletes the file, and gives its room back. */
  async discard(): Promise<void> {
    await this.end();
    if (this.#exists) {
      // A reader that still has the file open would keep its room on the disk, if the file were only deleted.
      await this.#do(() => truncate(this.path));
      await this.#do(() => rm(this.path));
    }
    this.#exists = false;
    this.#writtenBytes = 0;
    this.room.give(this.#roomBytes);
    this.#roomBytes = 0;
  }

  async #reserve(bytes: number): Promise<void> {
    if (bytes <= this.#roomBytes) return;
    await this.room.take(bytes - this.#roomBytes, { ...this.request, ownBytes: this.#roomBytes });
    this.#roomBytes = bytes;
  }

  async #do<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw fileError(cause, this.path, "written");
    }
  }
}
