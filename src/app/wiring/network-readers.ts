/** How one run reads from networks: an address that images share is read once, and an outage of its server fails no image. */
import type { Reader } from "../../contracts/index.js";
import { mebibyte } from "../../kit/index.js";
import { Origins, readOnce } from "../../stages/index.js";

const networkSchemes: ReadonlySet<string> = new Set(["http", "https", "s3"]);

/** What is remembered of addresses, and for how long a failure counts for the other images with this address. */
const memory = { maxBytes: 32 * mebibyte, failureMs: 30_000 };

export function isNetworkReader({ schemes }: Reader): boolean {
  return schemes.some((scheme) => networkSchemes.has(scheme));
}

/**
 * Returns the function that wraps the readers of networks for one run. "wait": images wait for a server that has answered before. "fail": they fail,
 * for calls whose caller waits for the answer.
 */
export function networkReaders(whenAway: "wait" | "fail"): (reader: Reader) => Reader {
  const origins = new Origins();
  return (reader) => readOnce(whenAway === "wait" ? origins.reader(reader) : reader, memory);
}
