/** Copies for a listing that belongs to no pipeline. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { httpSection } from "../../adapters/http/options.js";
import { type S3Settings, s3Section } from "../../adapters/s3/options.js";
import type { Reader } from "../../contracts/index.js";
import { mebibyte } from "../../kit/index.js";
import { makeRemoteReaders } from "../listing-adapters.js";
import { downloadsSection } from "../options.js";
import { RemoteCopies } from "./remote-copies.js";

/** Has readers of its own, with the default settings. The copies lie in the folder for temporary files. */
export class OwnCopies implements AsyncDisposable {
  readonly copies: RemoteCopies;
  #readers: Promise<readonly Reader[]> | null = null;

  /** `s3`: how buckets are read. Default: AWS, with the usual credentials. */
  constructor(s3: S3Settings = s3Section.parse({})) {
    const { maxMb, namesMaxMb, timeout } = downloadsSection.parse({});
    const readers = (): Promise<readonly Reader[]> => {
      this.#readers ??= makeRemoteReaders({ http: httpSection.parse({}), s3 });
      return this.#readers;
    };
    this.copies = new RemoteCopies({
      folder: join(tmpdir(), "headrace-downloads"),
      maxBytes: maxMb * mebibyte,
      namesMaxBytes: namesMaxMb * mebibyte,
      timeoutMs: timeout * 1000,
      readers,
    });
  }

  [Symbol.asyncDispose] = async (): Promise<void> => {
    await this.copies.close();
    for (const reader of (await this.#readers) ?? []) await reader.close?.();
  };
}
