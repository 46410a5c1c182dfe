/** Copies a file from a web server to the disk. After a lost connection it asks for the rest, if the server can tell that the file is the same. */
import type { Dispatcher } from "undici";
import type { CopiedVersion, CopyTarget, ImageRef } from "../../contracts/index.js";
import { discard, passBody } from "./body.js";
import { brokenOff } from "./errors.js";
import { type Exchange, fetchOnce, single, versionOf } from "./exchange.js";
import { isUnchanged, type StoredState } from "./unchanged.js";

export class HttpCopy {
  /** What has begun to arrive. null: nothing, or the rest of it cannot be asked for. */
  #begun: { readonly etag: string; readonly sizeBytes: number } | null = null;
  #hasChanged: boolean;

  constructor(
    readonly ref: ImageRef,
    readonly target: CopyTarget,
    readonly stored: StoredState | null,
  ) {
    this.#hasChanged = stored === null;
  }

  /** Returns null if the file still has the stored version. */
  async attempt(exchange: Exchange, signal: AbortSignal): Promise<CopiedVersion | null> {
    if (this.stored !== null && !this.#hasChanged) {
      if (await isUnchanged(this.ref, this.stored, exchange, signal)) return null;
      this.#hasChanged = true;
    }
    const begun = this.#begun;
    const isPartial = begun !== null && this.target.writtenBytes > 0 && this.target.writtenBytes < begun.sizeBytes;
    return fetchOnce<CopiedVersion>(
      this.ref.location,
      {
        shown: this.ref.uri,
        storedVersion: null,
        headers: { accept: "*/*", ...(isPartial ? { range: `bytes=${this.target.writtenBytes}-`, "if-range": begun.etag } : {}) },
        take: (answer) => this.#take(answer, signal),
      },
      exchange,
      signal,
    );
  }

  async #take(answer: Dispatcher.ResponseData, signal: AbortSignal): Promise<CopiedVersion> {
    const { target } = this;
    const { uri } = this.ref;
    const headers = bodyHeaders(uri, answer.headers);
    if (answer.statusCode === 200) {
      this.#begun = null;
      const sizeBytes = plainSizeOf(headers);
      await target.begin(sizeBytes);
      const etag = single(headers["etag"]);
      if (sizeBytes !== null && etag !== undefined && !etag.startsWith("W/")) this.#begun = { etag, sizeBytes };
    } else if (single(headers["content-range"])?.startsWith(`bytes ${target.writtenBytes}-`) !== true) {
      discard(answer.body);
      this.#begun = null;
      throw brokenOff(uri, `the rest from byte ${target.writtenBytes}, found ${single(headers["content-range"]) ?? "another answer"}`);
    }
    const write = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const chunk of source) await target.write(chunk);
    };
    await passBody(uri, { stream: answer.body, headers }, write, signal);
    if (this.#begun !== null && target.writtenBytes !== this.#begun.sizeBytes) {
      throw brokenOff(uri, `${this.#begun.sizeBytes} bytes, found the end after ${target.writtenBytes}`);
    }
    return { version: versionOf(answer), sizeBytes: answer.statusCode === 200 ? plainSizeOf(headers) : target.writtenBytes };
  }
}

/** Some servers name the compression of a file such as `a.tar.gz` as that of the answer. Such a file is stored as it is. */
function bodyHeaders(uri: string, headers: Dispatcher.ResponseData["headers"]): Dispatcher.ResponseData["headers"] {
  const isCompressed = /gz$/i.test(new URL(uri).pathname);
  const { "content-encoding": encoding, ...others } = headers;
  return isCompressed && /^(x-)?gzip$/i.test(single(encoding) ?? "") ? others : headers;
}

/** null: the size is unknown, or is that of the compressed file. */
function plainSizeOf(headers: Dispatcher.ResponseData["headers"]): number | null {
  return headers["content-encoding"] === undefined ? sizeOf(headers) : null;
}

function sizeOf(headers: Dispatcher.ResponseData["headers"]): number | null {
  const size = Number(single(headers["content-length"]) ?? Number.NaN);
  return Number.isSafeInteger(size) ? size : null;
}
