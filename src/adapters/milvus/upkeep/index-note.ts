/**
 * What a collection says of its index, in one property that all processes read and write. Milvus cannot compare before it sets, so of
 * several that write at once the last one wins; each reads again before it acts.
 */
import { randomUUID } from "node:crypto";
import { HeadraceError } from "../../../contracts/index.js";
import { indexProperty } from "../schema.js";
import type { Properties } from "./properties.js";
import { pause } from "./waits.js";

/**
 * "pending": searched exactly until the index is built. "building": the index is in place, the server works on it. "built": nothing is
 * owed. "creating" and "exchanging" name the process that is at it, and count while it lives.
 */
export type SettledNote = "pending" | "building" | "built";

/** A note that does not change for so long belongs to a process that is dead. */
const staleMs = 15_000;
const beatMs = 3000;
const lookMs = 200;
/** Longer than two processes need to read each other's note. */
const racingMs = 500;

export function isBusy(note: string | undefined): note is string {
  return /^(creating|exchanging):/.test(note ?? "");
}

/** The note of this process while it creates a collection or exchanges an index; others wait for it meanwhile. */
export class BusyNote {
  readonly #token = randomUUID();
  readonly #ended = new AbortController();
  #beats = 0;
  #beating: Promise<void> = Promise.resolve();

  constructor(readonly work: "creating" | "exchanging") {}

  get text(): string {
    return `${this.work}:${this.#token}:${this.#beats}`;
  }

  /** Writes it, and reads it again after a while. False: another process wrote over it, and is at it. */
  async take(properties: Properties): Promise<boolean> {
    await properties.set(indexProperty, this.text);
    await pause(racingMs, { what: "take the turn" });
    return this.holds(properties);
  }

  async holds(properties: Properties): Promise<boolean> {
    return ((await properties.get(indexProperty)) ?? "").startsWith(`${this.work}:${this.#token}:`);
  }

  /** Shows from now on that this process lives. */
  keep(properties: Properties): void {
    this.#beating = this.#beat(properties);
  }

  /** Ends it with what is so now; "lost" when another process took it for dead. */
  async end(properties: Properties, note: SettledNote): Promise<"ended" | "lost"> {
    await this.stop();
    if (!(await this.holds(properties))) return "lost";
    await properties.set(indexProperty, note);
    return "ended";
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#beating;
  }

  async #beat(properties: Properties): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const [waited] = await Promise.allSettled([pause(beatMs, { what: "beat", signal })]);
      if (waited.status === "rejected") return;
      // A server that does not answer shows in the work itself; the next beat may pass.
      await Promise.allSettled([this.#count(properties)]);
    }
  }

  async #count(properties: Properties): Promise<void> {
    if (!(await this.holds(properties))) return;
    this.#beats += 1;
    if (!this.#ended.signal.aborted) await properties.set(indexProperty, this.text);
  }
}

/**
 * The note as soon as nobody is at it. `takeOver` says what is so when the one who was is dead. Throws `store_unavailable` when that
 * takes longer than `maxWaitMs`.
 */
export async function settledNote(
  properties: Properties,
  takeOver: () => Promise<SettledNote>,
  options: { readonly maxWaitMs: number; readonly signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  const what = `index of ${properties.collection}`;
  const began = Date.now();
  let seen: string | undefined;
  let since = began;
  for (;;) {
    const note = await properties.get(indexProperty, options.signal);
    if (!isBusy(note)) return note;
    const now = Date.now();
    if (note !== seen) [seen, since] = [note, now];
    else if (now - since > staleMs) {
      const settled = await takeOver();
      await properties.set(indexProperty, settled);
      return settled;
    }
    if (now - began > options.maxWaitMs) {
      throw new HeadraceError(
        "store_unavailable",
        `${what}: another process is ${note.startsWith("creating") ? "creating the collection" : "exchanging the index"}, after ${Math.round((now - began) / 1000)} s still`,
        { hint: "Wait until it is done, then run the same command again." },
      );
    }
    await pause(lookMs, { what, signal: options.signal });
  }
}
