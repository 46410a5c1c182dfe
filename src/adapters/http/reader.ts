/** Reads images from web servers, and copies larger files. */

import type { LookupFunction } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Agent, buildConnector } from "undici";
import { type Encoded, HeadraceError, type ImageRef, type Reader, type ReadOptions } from "../../contracts/index.js";
import { backOffMs, checkAborted, type Untimed, withDeadline } from "../../kit/index.js";
import { readBody } from "./body.js";
import { HttpCopy } from "./copy.js";
import { missingPackage, tooLate, unreadable } from "./errors.js";
import { type Exchange, fetchOnce, versionOf } from "./exchange.js";
import { makeGuard } from "./guard.js";
import { type HttpSettings, httpSection } from "./options.js";
import { checkOrigin } from "./origin-check.js";
import { HostPauses } from "./pauses.js";

/** How the reader reaches servers. */
export interface HttpParts {
  /** Resolves host names. Default: the resolver of the operating system. */
  readonly lookup?: LookupFunction;
  /** Makes the function that opens connections. Default: undici's. */
  readonly dial?: (options: buildConnector.BuildOptions) => buildConnector.connector;
}

const maxDelayMs = 30_000;

/** A server that sends less than this between two failures is not counted as working. */
const leastProgressBytes = 1024 * 1024;

/**
 * Makes a reader for the schemes `http` and `https`. Retries what may succeed later, obeys `Retry-After` for the whole host, and limits
 * connections per host, redirects, size and time. With `network: "public"`, private addresses are refused at each connection.
 */
export function httpReader(options: Partial<HttpSettings> = {}, { lookup, dial }: HttpParts = {}): Reader {
  const settings = httpSection.parse(options);
  const guard = makeGuard(settings, lookup === undefined ? {} : { lookup });
  const pauses = new HostPauses();
  let agent: Promise<Agent> | null = null;
  const exchange = async (): Promise<Patience> => {
    agent ??= makeAgent(settings, guard.lookup, dial);
    return { dispatcher: await agent, guard, pauses, settings };
  };
  return {
    name: "http",
    schemes: ["http", "https"],
    async read(ref, options, signal) {
      const read = await fetchPatiently(ref, { ...options, storedVersion: null }, await exchange(), signal);
      if (read === null) throw unreadable(ref.uri, "an image", "status 304 although no version was sent");
      return read;
    },
    async readIfChanged(ref, options, signal) {
      return await fetchPatiently(ref, options, await exchange(), signal);
    },
    async copy(ref, target, { storedVersion, storedSizeBytes, fixedSizeBytes, timeoutMs }, signal) {
      const patience = await exchange();
      const stored = storedVersion === null ? null : { version: storedVersion, sizeBytes: storedSizeBytes };
      const copy = new HttpCopy(ref, target, { stored, fixedSizeBytes });
      const progress = () => target.writtenBytes;
      return await withDeadline((limited) => patiently(patience.settings, limited, () => copy.attempt(patience, limited), progress), {
        call: "copying",
        signal,
        timeoutMs,
        late: () => tooLate(ref.uri, "downloads.timeout"),
      });
    },
    async checkOrigin(ref, signal) {
      await checkOrigin(ref, await exchange(), signal);
    },
    async close() {
      await (await agent)?.destroy();
      agent = null;
    },
  };
}

interface Wishes extends ReadOptions {
  /** See `Wanted`. */
  readonly storedVersion: string | null;
}
type Patience = Exchange & { readonly settings: HttpSettings };

function fetchPatiently(ref: ImageRef, wishes: Wishes, exchange: Patience, signal: AbortSignal): Promise<Encoded | null> {
  return patiently(exchange.settings, signal, () => fetchInTime(ref, wishes, exchange, signal));
}

/** `progress`: grows while a large file arrives. An attempt that came further than all before it makes the count of failures begin again. */
async function patiently<T>(
  { maxRetries, retryDelay }: Pick<HttpSettings, "maxRetries" | "retryDelay">,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let furthest = progress();
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (thrown) {
      checkAborted(signal, "reading");
      const error = HeadraceError.from(thrown);
      if (progress() >= furthest + leastProgressBytes) failures = 1;
      furthest = Math.max(furthest, progress());
      if (!error.retryable || failures > maxRetries) throw finalError(error, failures);
      const delayMs = Math.random() * backOffMs({ baseDelayMs: retryDelay * 1000, maxDelayMs }, failures);
      await delay(delayMs, undefined, { signal }).catch(() => checkAborted(signal, "reading"));
    }
  }
}

function fetchInTime(
  { uri, location }: ImageRef,
  { maxBytes, admit, storedVersion }: Wishes,
  exchange: Patience,
  signal: AbortSignal,
): Promise<Encoded | null> {
  const fetching = (limited: AbortSignal, untimed: Untimed): Promise<Encoded | null> =>
    fetchOnce(
      location,
      {
        shown: uri,
        storedVersion,
        headers: { accept: "image/*, */*;q=0.5" },
        take: async (answer) => ({
          bytes: await readBody(uri, { stream: answer.body, headers: answer.headers }, { maxBytes, ...timeless(admit, untimed) }, limited),
          version: versionOf(answer),
        }),
      },
      { ...exchange, untimed },
      limited,
    );
  return withDeadline(fetching, {
    call: "reading",
    signal,
    timeoutMs: exchange.settings.timeout * 1000,
    late: () => tooLate(uri, "http.timeout"),
  });
}

/** The wait for memory is no fault of the server, so it does not count as time for the image. */
function timeless(admit: ReadOptions["admit"], untimed: Untimed): Pick<ReadOptions, "admit"> {
  return admit === undefined ? {} : { admit: (bytes) => untimed(() => admit(bytes)) };
}

/** The engine must not try again what the reader has tried often enough. */
function finalError(error: HeadraceError, attempts: number): HeadraceError {
  const message = attempts === 1 ? error.message : `${error.message} (${attempts} attempts)`;
  return new HeadraceError(error.code, message, { ...error.toJSON(), retryable: false, cause: error.cause });
}

async function makeAgent({ connections, connectTimeout }: HttpSettings, lookup: LookupFunction, dial: HttpParts["dial"]): Promise<Agent> {
  const { Agent, buildConnector } = await import("undici").catch(missingPackage);
  const options = { lookup, timeout: connectTimeout * 1000, autoSelectFamily: true };
  return new Agent({ connections, pipelining: 1, allowH2: false, connect: (dial ?? buildConnector)(options) });
}
