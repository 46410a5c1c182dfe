/**
 * Distributes requests over several servers with the same model. Sends no requests to unavailable servers. Reconnects to such servers
 * later.
 */
import { HeadraceError } from "../../contracts/index.js";
import { backOffMs, checkAborted, unlessAborted } from "../../kit/index.js";
import { BodyLimit } from "./body-limit.js";
import { asAway, outageIfWorked, requestToTriton } from "./errors.js";
import type { Link } from "./link.js";
import type { Address } from "./transport/address.js";

export interface Endpoint {
  readonly address: Address;
  /** The connection to the server. Null until the first attempt to connect succeeds. */
  link: Link | null;
  openRequests: number;
  /** Why the server gets no requests, and when Headrace tries to reconnect. Null: the server works. */
  away: { readonly error: HeadraceError; readonly failures: number; readonly retryAtMs: number } | null;
  /** Until this time, the server counts as overloaded: other servers are preferred. */
  busyUntilMs: number;
  probing: Promise<void> | null;
  timeoutsInRow: number;
  readonly bodyLimit: BodyLimit;
}

export interface EndpointsOptions {
  /** Connects to a server and checks that the server serves the run's model. The implementation must set a deadline. */
  readonly reconnect: (endpoint: Endpoint, signal: AbortSignal) => Promise<Link>;
  /** Called with each notice for the user. */
  readonly notify: (message: string) => void;
}

const backoff = { baseDelayMs: 500, maxDelayMs: 30_000 };
/**
 * Maximum tries per server for one request. The first try fails if the server has closed an idle connection. The second try uses a new
 * connection.
 */
const maxTries = 2;

export class Endpoints {
  readonly all: readonly Endpoint[];
  readonly #options: EndpointsOptions;
  readonly #closing = new AbortController();

  constructor(addresses: readonly Address[], options: EndpointsOptions) {
    this.#options = options;
    this.all = addresses.map((address) => ({
      address,
      link: null,
      openRequests: 0,
      away: null,
      busyUntilMs: 0,
      probing: null,
      timeoutsInRow: 0,
      bodyLimit: new BodyLimit(),
    }));
  }

  /**
   * Runs `work` on one server after another until a server succeeds. Throws an error of scope `service` only after the last server has
   * failed. Throws any other error at once.
   */
  async run<T>(signal: AbortSignal, work: (link: Link, endpoint: Endpoint, signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#probeDue();
    const tries = new Map<Endpoint, number>();
    let failure: HeadraceError | undefined;
    for (;;) {
      checkAborted(signal, requestToTriton);
      const endpoint = this.#pick(tries) ?? (await this.#reconnectAny(tries, signal));
      const link = endpoint?.link;
      if (endpoint == null || link == null) throw failure ?? this.#whyAway();
      tries.set(endpoint, (tries.get(endpoint) ?? 0) + 1);
      endpoint.openRequests += 1;
      try {
        return await work(link, endpoint, signal);
      } catch (error) {
        const known = outageIfWorked(HeadraceError.from(error));
        if (known.scope !== "service") throw known;
        if (failure?.code !== "overloaded") failure = known;
        this.#leaveOut(endpoint, link, known, tries);
      } finally {
        endpoint.openRequests -= 1;
      }
    }
  }

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

  /** Returns the working server with the fewest open requests. Prefers servers that are not overloaded. Null: no server may be tried. */
  #pick(tries: ReadonlyMap<Endpoint, number>): Endpoint | null {
    const now = performance.now();
    const open = this.all.filter((endpoint) => endpoint.away === null && endpoint.link !== null && (tries.get(endpoint) ?? 0) < maxTries);
    const cost = (endpoint: Endpoint) => endpoint.openRequests + (endpoint.busyUntilMs > now ? 1e6 : 0);
    return open.reduce<Endpoint | null>((best, endpoint) => (best === null || cost(endpoint) < cost(best) ? endpoint : best), null);
  }

  #leaveOut(endpoint: Endpoint, link: Link, error: HeadraceError, tries: Map<Endpoint, number>): void {
    // For this request, a server that is overloaded or has timed out is not tried again.
    if (error.code !== "embedder_unavailable") tries.set(endpoint, maxTries);
    if (error.code === "overloaded") endpoint.busyUntilMs = performance.now() + (error.retryAfterMs ?? 100);
    // Concurrent requests that fail together count as one failure. A failure over a connection that was replaced meanwhile is ignored.
    else if (endpoint.away === null && endpoint.link === link) this.markAway(endpoint, error);
  }

  /** Starts to reconnect, in the background, to each unavailable server whose back-off time has passed. */
  #probeDue(): void {
    const now = performance.now();
    for (const endpoint of this.all) {
      if (endpoint.away !== null && endpoint.away.retryAtMs <= now) endpoint.probing ??= this.#probe(endpoint);
    }
  }

  /**
   * Called when no server works. Reconnects to all servers at the same time, without waiting for their back-off times. The caller of `run`
   * limits how often this happens.
   */
  async #reconnectAny(tries: ReadonlyMap<Endpoint, number>, signal: AbortSignal): Promise<Endpoint | null> {
    const candidates = this.all.filter((endpoint) => endpoint.away !== null && (tries.get(endpoint) ?? 0) < maxTries);
    for (const endpoint of candidates) endpoint.probing ??= this.#probe(endpoint);
    await unlessAborted(Promise.all(candidates.map((endpoint) => endpoint.probing)), signal, requestToTriton);
    return this.#pick(tries);
  }

  async #probe(endpoint: Endpoint): Promise<void> {
    try {
      endpoint.link = await this.#options.reconnect(endpoint, this.#closing.signal);
      endpoint.away = null;
      endpoint.timeoutsInRow = 0;
    } catch (error) {
      const known = asAway(endpoint.link === null ? error : outageIfWorked(HeadraceError.from(error)));
      if (known.scope === "run" && endpoint.away?.error.message !== known.message) this.#options.notify(`Left out: ${known.message}`);
      this.markAway(endpoint, known);
    } finally {
      endpoint.probing = null;
    }
  }

  #whyAway(): HeadraceError {
    const errors = this.all.flatMap(({ away }) => (away === null ? [] : [away.error]));
    const worst = errors.find(({ scope }) => scope === "run") ?? errors[0];
    if (worst !== undefined && (errors.length === 1 || worst.scope === "run")) return worst;
    const text = errors.map(({ message }) => message).join("; ") || "closed";
    return new HeadraceError("embedder_unavailable", `all ${this.all.length} Triton servers are away: ${text}`, { cause: worst });
  }
}
