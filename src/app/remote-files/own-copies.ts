/** Copies for a listing that belongs to no pipeline. */
import type { Reader } from "../../contracts/index.js";
import { type Settings, settingsSchema } from "../configuration/settings.js";
import { makeReaders } from "../wiring/registry.js";
import { copyLimits } from "./copy-limits.js";
import { RemoteCopies } from "./remote-copies.js";

/** Has readers of its own, with the default settings. */
export class OwnCopies implements AsyncDisposable {
  readonly copies: RemoteCopies;
  #readers: Promise<readonly Reader[]> | null = null;

  /** `s3`: how buckets are read. Default: AWS, with the usual credentials. */
  constructor(s3?: Settings["s3"]) {
    const defaults = settingsSchema.parse({});
    const settings = { ...defaults, s3: s3 ?? defaults.s3 };
    const readers = (): Promise<readonly Reader[]> => {
      this.#readers ??= makeReaders(settings);
      return this.#readers;
    };
    this.copies = new RemoteCopies({ ...copyLimits(settings), readers });
  }

  [Symbol.asyncDispose] = async (): Promise<void> => {
    await this.copies.close();
    for (const reader of (await this.#readers) ?? []) await reader.close?.();
  };
}
