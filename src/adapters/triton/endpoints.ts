/** Several servers with the same model: picks the least busy one, leaves dead ones out and tries them again. */
import { HeadraceError } from "../../contracts/index.js";
import { backOffMs, checkAborted, unlessAborted } from "../../kit/index.js";
import type { Address } from "./address.js";
import { BodyLimit } from "./body-limit.js";
import { asAway, onceItWorked, requestToTriton } from "./errors.js";
import type { Link } from "./link.js";

/** One server; `link` is null until it was reached for the first time. */
export interface Endpoint {
  readonly address: Address;
  link: Link | null;
  /** Requests that are open. */
  outstanding: number;
  /** Null: it works. */
  away: { readonly error: HeadraceError; readonly failures: number; readonly retryAtMs: number } | null;
  /** Until then it asked for less. */
  busyUntilMs: number;
  probing: Promise<void> | null;
  /** Requests that timed out since one was answered. */
  lateInRow: number;
  readonly bodyLimit: BodyLimit;
}

export interface EndpointsOptions {
  /** Reaches a server, anew or for the first time, and checks that its model is still the one; ends in time. */
  readonly revive: (endpoint: Endpoint, signal: AbortSignal) => Promise<Link>;
  /** Something that the people who run it should know. */
  readonly tell: (message: string) => void;
}

const backoff = { baseDelayMs: 500, maxDelayMs: 30_000 };
/** A connection that broke may be one that the server had closed while it was idle: the second try is on a new one. */
const triesEach = 2;

export class Endpoints {
  readonly all: readonly Endpoint[];
  readonly #options: EndpointsOptions;
  readonly #closing = new AbortController();

  constructor(addresses: readonly Address[], options: EndpointsOptions) {
    this.#options = options;
    this.all = addresses.map((address) => ({
      address,
      link: null,
      outstanding: 0,
      away: null,
      busyUntilMs: 0,
      probing: null,
      lateInRow: 0,
      bodyLimit: new BodyLimit(),
    }));
  }

  /** Gives `work` to one server after another until one does it. Throws what the work throws, but for services that are away: then the last one's error. */
  async run<T>(signal: AbortSignal, work: (link: Link, endpoint: Endpoint, signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#probeDue();
    const tries = new Map<Endpoint, number>();
    let failure: HeadraceError | undefined;
    for (;;) {
      checkAborted(signal, requestToTriton);
      const endpoint = this.#pick(tries) ?? (await this.#reviveAny(tries, signal));
      const link = endpoint?.link;
      if (endpoint == null || link == null) throw failure ?? this.#whyAway();
      tries.set(endpoint, (tries.get(endpoint) ?? 0) + 1);
      endpoint.outstanding += 1;
      try {
        return await work(link, endpoint, signal);
      } catch (error) {
        const known = onceItWorked(HeadraceError.from(error));
        if (known.scope !== "service") throw known;
        if (failure?.code !== "overloaded") failure = known;
        this.#leaveOut(endpoint, link, known, tries);
      } finally {
        endpoint.outstanding -= 1;
      }
    }
  }

  /** Marks a server as away before it was ever reached. */
  markAway(endpoint: Endpoint, error: HeadraceError): void {
    const failures = (endpoint.away?.failures ?? 0) + 1;
    const retryAtMs = performance.now() + backOffMs(backoff, failures);
    endpoint.away = { error, failures, retryAtMs };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.all.map((endpoint) => endpoint.probing));
    await Promise.all(this.all.map((endpoint) => endpoint.link?.connection.close()));
  }

  /** The working server with the fewest open requests, those that asked for less at last. */
  #pick(tries: ReadonlyMap<Endpoint, number>): Endpoint | null {
    const now = performance.now();
    const open = this.all.filter((endpoint) => endpoint.away === null && endpoint.link !== null && (tries.get(endpoint) ?? 0) < triesEach);
    const cost = (endpoint: Endpoint) => endpoint.outstanding + (endpoint.busyUntilMs > now ? 1e6 : 0);
    return open.reduce<Endpoint | null>((best, endpoint) => (best === null || cost(endpoint) < cost(best) ? endpoint : best), null);
  }

  #leaveOut(endpoint: Endpoint, link: Link, error: HeadraceError, tries: Map<Endpoint, number>): void {
    // One answer that asks for less, or none in time, is enough for this request.
    if (error.code !== "embedder_unavailable") tries.set(endpoint, triesEach);
    if (error.code === "overloaded") endpoint.busyUntilMs = performance.now() + (error.retryAfterMs ?? 100);
    // Requests that were open together fail together: one outage, not several tries. Those from before the last one tell nothing new.
    else if (endpoint.away === null && endpoint.link === link) this.markAway(endpoint, error);
  }

  /** Asks servers that are due again, beside the work of the others. */
  #probeDue(): void {
    const now = performance.now();
    for (const endpoint of this.all) {
      if (endpoint.away !== null && endpoint.away.retryAtMs <= now) endpoint.probing ??= this.#probe(endpoint);
    }
  }

  /** When none works: asks all that are away at once, whatever their back-off: the caller decides how often it comes. */
  async #reviveAny(tries: ReadonlyMap<Endpoint, number>, signal: AbortSignal): Promise<Endpoint | null> {
    const candidates = this.all.filter((endpoint) => endpoint.away !== null && (tries.get(endpoint) ?? 0) < triesEach);
    for (const endpoint of candidates) endpoint.probing ??= this.#probe(endpoint);
    await unlessAborted(Promise.all(candidates.map((endpoint) => endpoint.probing)), signal, requestToTriton);
    return this.#pick(tries);
  }

  async #probe(endpoint: Endpoint): Promise<void> {
    try {
      endpoint.link = await this.#options.revive(endpoint, this.#closing.signal);
      endpoint.away = null;
      endpoint.lateInRow = 0;
    } catch (error) {
      const known = asAway(endpoint.link === null ? error : onceItWorked(HeadraceError.from(error)));
      if (known.scope === "run" && endpoint.away?.error.message !== known.message) this.#options.tell(`Left out: ${known.message}`);
      this.markAway(endpoint, known);
    } finally {
      endpoint.probing = null;
    }
  }

  #whyAway(): HeadraceError {
    const errors = this.all.flatMap(({ away }) => (away === null ? [] : [away.error]));
    const worst = errors.find(({ scope }) => scope === "run") ?? errors[0];
    if (errors.length === 1 && worst !== undefined) return worst;
    if (worst?.scope === "run") return worst;
    const text = errors.map(({ message }) => message).join("; ") || "closed";
    return new HeadraceError("embedder_unavailable", `all ${this.all.length} Triton servers are away: ${text}`, { cause: worst });
  }
}
