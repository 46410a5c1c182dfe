/**
 * The state of a collection's index, in a property that all processes read and write. Milvus has no compare-and-set: the last of several
 * concurrent writers wins. Each process therefore reads the note again before it acts.
 */
import { randomUUID } from "node:crypto";
import { HeadraceError } from "../../../contracts/index.js";
import { indexProperty } from "../schema.js";
import type { Properties } from "./properties.js";
import { pause } from "./waits.js";

/**
 * "pending": the index is not created yet; searches are exact. "building": the server builds the index. "built": nothing is left to do.
 * The busy notes "creating" and "exchanging" name the working process and contain a counter, its heartbeat.
 */
export type SettledNote = "pending" | "building" | "built";

/** A process is considered dead when its busy note has not changed for this time. */
const staleMs = 15_000;
const heartbeatMs = 3000;
const pollMs = 200;
/** Longer than two processes need to read each other's note. */
const racingMs = 500;

export function isBusy(note: string | undefined): note is string {
  return /^(creating|exchanging):/.test(note ?? "");
}

/** The note of this process while it creates a collection or exchanges an index. Other processes wait until it ends. */
export class BusyNote {
  readonly #token = randomUUID();
  readonly #ended = new AbortController();
  #beats = 0;
  #beating: Promise<void> = Promise.resolve();

  constructor(readonly work: "creating" | "exchanging") {}

  get text(): string {
    return `${this.work}:${this.#token}:${this.#beats}`;
  }

  /** Writes the note and reads it back after a pause. False: another process has overwritten it. */
  async take(properties: Properties): Promise<boolean> {
    await properties.set(indexProperty, this.text);
    await pause(racingMs, { what: "take the index note" });
    return this.holds(properties);
  }

  async holds(properties: Properties): Promise<boolean> {
    return ((await properties.get(indexProperty)) ?? "").startsWith(`${this.work}:${this.#token}:`);
  }

  /** Starts the heartbeat. */
  keep(properties: Properties): void {
    this.#beating = this.#beat(properties);
  }

  /** Replaces the note with the settled state. "lost": another process considered this one dead and took over. */
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
      const [waited] = await Promise.allSettled([pause(heartbeatMs, { what: "heartbeat", signal })]);
      if (waited.status === "rejected") return;
      // Ignored: the work itself reports a server that does not answer, and the next heartbeat may succeed.
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
 * Waits until no process is busy, then returns the note. When the busy process is dead, `takeOver` determines the settled note. Throws
 * `store_unavailable` after `maxWaitMs`.
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
        `${what}: expected no busy process, found one ${note.startsWith("creating") ? "creating the collection" : "exchanging the index"} for ${Math.round((now - began) / 1000)} s`,
        { hint: "Wait until the other process is done, then run the same command again." },
      );
    }
    await pause(pollMs, { what, signal: options.signal });
  }
}
