/**
 * The index note: the state of a collection's index, in a property of the collection. All processes read and write the note. Milvus has no
 * compare-and-set, so the last of several concurrent writers wins. Each process therefore reads the note again before it changes the index.
 */
import { randomUUID } from "node:crypto";
import { HeadraceError } from "../../../contracts/index.js";
import type { Properties } from "../connection/properties.js";
import { indexProperty } from "../connection/schema.js";
import { pause } from "../connection/waits.js";

/**
 * "pending": the configured index is not created yet, so searches are exact. "building": the server builds the configured index. "built":
 * the configured index is complete. A busy note, "creating" or "exchanging", contains a random id of the process that works and a counter.
 * The process increments the counter as a heartbeat.
 */
export type SettledNote = "pending" | "building" | "built";

/** A process counts as dead when its busy note has not changed for this time. */
const staleMs = 15_000;
const heartbeatMs = 3000;
const pollMs = 200;
/**
 * Pause between writing a note and reading the note back. After this pause, two processes that write at the same time see the same note.
 */
const racingMs = 500;

export function isBusy(note: string | undefined): note is string {
  return /^(creating|exchanging):/.test(note ?? "");
}

/** The index note while this process creates a collection or replaces an index. Other processes wait until the note ends. */
export class BusyNote {
  readonly #token = randomUUID();
  readonly #ended = new AbortController();
  #beats = 0;
  #beating: Promise<void> = Promise.resolve();

  constructor(readonly work: "creating" | "exchanging") {}

  get text(): string {
    return `${this.work}:${this.#token}:${this.#beats}`;
  }

  /** Writes the note and reads the note back after a pause. Returns false when another process has overwritten the note. */
  async take(properties: Properties): Promise<boolean> {
    await properties.set({ [indexProperty]: this.text });
    await pause(racingMs, { what: "take the index note" });
    return this.holds(properties);
  }

  async holds(properties: Properties): Promise<boolean> {
    return ((await properties.get(indexProperty)) ?? "").startsWith(`${this.work}:${this.#token}:`);
  }

  /** Starts the heartbeat: the note changes regularly, so that other processes see that this process is alive. */
  keep(properties: Properties): void {
    this.#beating = this.#beat(properties);
  }

  /** Replaces the busy note with a settled note. Returns "lost" when another process counted this process as dead and took over. */
  async end(properties: Properties, note: SettledNote): Promise<"ended" | "lost"> {
    await this.stop();
    if (!(await this.holds(properties))) return "lost";
    await properties.set({ [indexProperty]: note });
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
      // The error of a heartbeat is ignored. The next heartbeat may succeed. If the server does not answer, the work itself reports the
      // error.
      await Promise.allSettled([this.#count(properties)]);
    }
  }

  async #count(properties: Properties): Promise<void> {
    if (!(await this.holds(properties))) return;
    this.#beats += 1;
    if (!this.#ended.signal.aborted) await properties.set({ [indexProperty]: this.text });
  }
}

/**
 * Waits until the index note is not a busy note, then returns the note. When the process that wrote the busy note is dead, `takeOver`
 * determines the new note. Throws `store_unavailable` when another process is still busy after `maxWaitMs`.
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
      await properties.set({ [indexProperty]: settled });
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
