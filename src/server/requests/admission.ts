/** Limits what the server works on at the same time. More requests wait, and still more are refused, so that its memory does not grow. */
import type { IncomingHttpHeaders } from "node:http";
import type { Settings, UrlBytes } from "../../app/index.js";
import { mebibyte, Semaphore } from "../../kit/index.js";
import { clientShare } from "../kept/client-share.js";
import { Refused } from "../wire/problems.js";
import { Clients } from "./clients.js";

/** The place of one request. Its connection holds it, and its work, which may go on without its client. */
export class Seat {
  readonly #count: (change: 1 | -1) => void;
  #holders = 0;

  /** `count` adds the seat to the taken ones, or removes it. */
  constructor(count: (change: 1 | -1) => void) {
    this.#count = count;
  }

  /** Returns the function that lets go. The seat is taken while somebody holds it. */
  hold(): () => void {
    if (this.#holders === 0) this.#count(1);
    this.#holders += 1;
    return () => {
      this.#holders -= 1;
      if (this.#holders === 0) this.#count(-1);
    };
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    const letGo = this.hold();
    try {
      return await work();
    } finally {
      letGo();
    }
  }
}

/** What a body in pieces takes of the memory. */
const pieceBytes = mebibyte / 4;

export class Admission {
  readonly #limits: Settings["server"];
  readonly #urlBytes: UrlBytes;
  readonly #slots: Semaphore;
  readonly #clients = new Clients();
  #open = 0;
  #bodyBytes = 0;

  /** `urlBytes`: of all clients together. */
  constructor(limits: Settings["server"], urlBytes: UrlBytes) {
    this.#limits = limits;
    this.#urlBytes = urlBytes;
    this.#slots = new Semaphore(limits.maxConcurrent);
  }

  /**
   * Returns the seat of a request whose headers have arrived. It counts while it is held. `body`: "in pieces" is one of which only a little is in
   * memory. Throws `server_busy`.
   */
  enter(headers: IncomingHttpHeaders, client: string, body: "whole" | "in pieces"): Seat {
    const { maxConcurrent, maxWaiting, maxBodiesMb } = this.#limits;
    const places = maxConcurrent + maxWaiting;
    const bytes = body === "whole" ? this.#bytesOf(headers) : pieceBytes;
    const isFull = this.#open >= places || this.#clients.openOf(client) >= Math.ceil(places * clientShare);
    const mostBytes = maxBodiesMb * mebibyte;
    const isTooMuch =
      isOver(this.#bodyBytes, bytes, mostBytes) || isOver(this.#clients.bodyBytesOf(client), bytes, mostBytes * clientShare);
    if (isFull || isTooMuch) throw new Refused("server_busy");
    return new Seat((change) => {
      this.#open += change;
      this.#bodyBytes += change * bytes;
      this.#clients.count(client, "bodyBytes", change * bytes);
      this.#clients.count(client, "open", change);
    });
  }

  /** Returns the seat of a request whose answer stays open for long. It takes no place of other requests. Throws `server_busy`. */
  watch(client: string): Seat {
    const { maxStreams } = this.#limits;
    if (this.#clients.streamsOf(client) >= maxStreams) {
      throw new Refused("server_busy", `Have at most ${maxStreams} event streams open at the same time.`);
    }
    return new Seat((change) => this.#clients.count(client, "streams", change));
  }

  /**
   * Waits until fewer than `max_concurrent` requests are worked on, and of this client fewer than its share. A request has its body by then,
   * so slow clients keep nobody out; a client whose requests wait for slow web servers leaves slots to the others. `work` gets the client's share
   * of the memory for images behind URLs.
   */
  work<T>(client: string, signal: AbortSignal, work: (urlBytes: UrlBytes) => Promise<T>): Promise<T> {
    const { maxConcurrent, maxUrlsMb } = this.#limits;
    const call = "waiting for other requests";
    const make = () => ({
      slots: new Semaphore(Math.ceil(maxConcurrent * clientShare)),
      urlBytes: this.#urlBytes.part(maxUrlsMb * mebibyte * clientShare),
    });
    return this.#clients.inShare(client, make, ({ slots, urlBytes }) =>
      slots.run(1, signal, call, () => this.#slots.run(1, signal, call, () => work(urlBytes))),
    );
  }

  /** A body of unknown length, and a compressed one, count as the longest one. Longer ones are refused later. */
  #bytesOf(headers: IncomingHttpHeaders): number {
    const most = this.#limits.maxBodyMb * mebibyte;
    const isUnknown = headers["transfer-encoding"] !== undefined || headers["content-encoding"] !== undefined;
    return isUnknown ? most : Math.min(Number(headers["content-length"] ?? 0) || 0, most);
  }
}

/** Whoever has nothing yet may have more than the limit, because a limit must not make a request impossible. */
function isOver(taken: number, more: number, most: number): boolean {
  return taken > 0 && taken + more > most;
}
