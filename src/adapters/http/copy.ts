/** Copies a file from a web server to the disk. After a lost connection it asks for the rest, if the server can tell that the file is the same. */
import type { Dispatcher } from "undici";
import type { CopiedVersion, CopyTarget, ImageRef } from "../../contracts/index.js";
import { discard, passBody } from "./body.js";
import { brokenOff } from "./errors.js";
import { type Exchange, fetchOnce, single, versionOf } from "./exchange.js";
import { isUnchanged, type StoredState } from "./unchanged.js";

export class HttpCopy {
  /** What has begun to arrive. null: nothing, or the rest of it cannot be asked for. etag: null for a file that never changes. */
  #begun: { readonly etag: string | null; readonly sizeBytes: number } | null;
  #hasChanged: boolean;

  constructor(
    readonly ref: ImageRef,
    readonly target: CopyTarget,
    readonly before: { readonly stored: StoredState | null; readonly fixedSizeBytes?: number | undefined },
  ) {
    this.#hasChanged = before.stored === null;
    this.#begun = before.fixedSizeBytes === undefined ? null : { etag: null, sizeBytes: before.fixedSizeBytes };
  }

  /** Returns null if the file still has the stored version. */
  async attempt(exchange: Exchange, signal: AbortSignal): Promise<CopiedVersion | null> {
    const { stored } = this.before;
    if (stored !== null && !this.#hasChanged) {
      if (await isUnchanged(this.ref, stored, exchange, signal)) return null;
      this.#hasChanged = true;
    }
    const begun = this.#begun;
    const { writtenBytes } = this.target;
    const rest = begun !== null && writtenBytes > 0 && writtenBytes < begun.sizeBytes ? { range: `bytes=${writtenBytes}-` } : {};
    const condition = "range" in rest && begun?.etag != null ? { "if-range": begun.etag } : {};
    return fetchOnce<CopiedVersion>(
      this.ref.location,
      {
        shown: this.ref.uri,
        storedVersion: null,
        headers: { accept: "*/*", ...rest, ...condition },
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
    const isFixed = this.before.fixedSizeBytes !== undefined;
    if (answer.statusCode === 200) {
      if (!isFixed) this.#begun = null;
      const sizeBytes = plainSizeOf(headers);
      await target.begin(sizeBytes);
      const etag = single(headers["etag"]);
      if (!isFixed && sizeBytes !== null && etag !== undefined && !etag.startsWith("W/")) this.#begun = { etag, sizeBytes };
    } else if (single(headers["content-range"])?.startsWith(`bytes ${target.writtenBytes}-`) !== true) {
      discard(answer.body);
      if (!isFixed) this.#begun = null;
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
