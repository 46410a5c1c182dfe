/** Asks a web server whether a file has changed, with its size: some servers keep an ETag while the file grows. */
import type { Dispatcher } from "undici";
import { HeadraceError, type ImageRef } from "../../contracts/index.js";
import { discard } from "./body.js";
import { type Exchange, fetchOnce, single, versionOf } from "./exchange.js";

/** What the server has told before. */
export interface StoredState {
  readonly version: string;
  readonly sizeBytes: number | null;
}

/**
 * Asks for the first byte, because the answer has the size, and signed addresses do not allow HEAD. Returns false if the server refuses that: a
 * request for the whole file then tells why.
 */
export async function isUnchanged(ref: ImageRef, stored: StoredState, exchange: Exchange, signal: AbortSignal): Promise<boolean> {
  try {
    const isSame = await fetchOnce(
      ref.location,
      {
        shown: ref.uri,
        storedVersion: null,
        headers: { accept: "*/*", range: "bytes=0-0" },
        take: async (answer) => {
          const isStored = versionOf(answer) === stored.version && hasSize(answer, stored.sizeBytes);
          // A server without ranges sends the whole file.
          if (answer.statusCode === 200) discard(answer.body);
          else await answer.body.dump();
          return isStored;
        },
      },
      exchange,
      signal,
    );
    return isSame === true;
  } catch (thrown) {
    const error = HeadraceError.from(thrown);
    if (error.retryable || signal.aborted) throw error;
    return false;
  }
}

function hasSize({ statusCode, headers }: Dispatcher.ResponseData, sizeBytes: number | null): boolean {
  const told = statusCode === 206 ? single(headers["content-range"])?.replace(/^.*\//, "") : single(headers["content-length"]);
  return sizeBytes === null || told === undefined || told === "*" || Number(told) === sizeBytes;
}
