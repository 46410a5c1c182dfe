/** Moves a collection to a new model while programs go on to search it. Get it from `pipeline.reembedding`; the pipeline has the new model. */
import { HeadraceError } from "../../contracts/index.js";
import { keepCollection } from "../deletions/drop-kept.js";
import { closed } from "../lifetimes/closing.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { type CarryOverRequest, type CarryOverRun, startCarryOver } from "./carry-over.js";
import { checkLeftBehind, insertedMeanwhile, leftBehind, withBoth } from "./left-behind.js";
import { markLive } from "./live-since.js";
import { previewReembed, type ReembedPreview } from "./preview.js";
import { startReembed } from "./reembed.js";
import type { ReembedRequest, ReembedRun } from "./request.js";
import { dropPrevious, rolesOf, switchBack } from "./roles.js";

/** What a switch back has done. */
export interface Rollback {
  readonly alias: string;
  /** The collection that the alias named before. It stays. */
  readonly from: string;
  /** The collection that the alias names now. */
  readonly to: string;
  /**
   * Rows that programs inserted since the switch, and that only `from` has. No later call deletes them there. `carryOver` embeds them for
   * `to` as well.
   */
  readonly onlyInFrom: number;
}

/** When the old collection may be dropped. */
export interface FinishOptions {
  /** The most rows of the old collection that the new one may lack. They are kept like deleted rows, see `restore`. Default 0. */
  readonly acceptMissing?: number;
  readonly signal?: AbortSignal;
}

/** What the end of a re-embedding has done. */
export interface Finish {
  readonly alias: string;
  /** The collection that the alias names. */
  readonly collection: string;
  /** The collection that was dropped, with its number of rows. */
  readonly dropped: string;
  readonly rows: number;
  /** The other names of the dropped collection, its own included. They are aliases of `collection` now. */
  readonly renamed: readonly string[];
}

export class Reembedding {
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /**
   * Embeds the images of a collection with the model of this pipeline into a new collection, follows what changes meanwhile, compares both
   * collections, and switches the alias. A call that was stopped or killed is continued by the same call. Throws `usage_invalid` if the
   * collection has the model already, and `passport_mismatch` if a third model has begun.
   */
  start(request: ReembedRequest): Promise<ReembedRun> {
    return startReembed(this.#parts, request);
  }

  /** Computes what `start` would do, without writing anything. */
  preview(request: ReembedRequest): Promise<ReembedPreview> {
    return previewReembed(this.#parts, request);
  }

  /**
   * Makes the alias name the collection of before the switch again, in one step, and counts what was inserted meanwhile. Needs no model.
   * Throws `usage_invalid`.
   */
  async rollBack(alias: string): Promise<Rollback> {
    const { signal } = new AbortController();
    const store = await this.#parts.store(signal);
    const roles = await rolesOf(store, alias);
    const previous = switchedFrom(roles);
    await this.#markOlderSwitch(roles.live);
    await switchBack(store, roles, previous);
    const onlyInFrom = await withBoth(store, [roles.live, previous], (from, to) => insertedMeanwhile(from, to, signal));
    return { alias, from: roles.live, to: previous, onlyInFrom };
  }

  /**
   * After `rollBack`: embeds the rows that only the other collection has with the model of this pipeline, which is that of the live
   * collection, and stores them there. Images that were given as bytes fail. Throws `usage_invalid` and `passport_mismatch`.
   */
  carryOver(request: CarryOverRequest): Promise<CarryOverRun> {
    return startCarryOver(this.#parts, request);
  }

  /**
   * Drops the collection of before the switch. `restore` brings its rows back, into a collection of their own. Needs no model. Throws
   * `drop_refused` if that collection has more rows that the new one lacks than `acceptMissing`, `usage_invalid` and `lock_held`.
   */
  async finish(alias: string, { acceptMissing = 0, signal = new AbortController().signal }: FinishOptions = {}): Promise<Finish> {
    const store = await this.#parts.store(signal);
    const roles = await rolesOf(store, alias);
    const previous = switchedFrom(roles);
    const { rows, left } = await withBoth(store, [previous, roles.live], async (old, live) => ({
      rows: await old.count(),
      left: await leftBehind(old, live, signal),
    }));
    checkLeftBehind(left, { alias, live: roles.live, previous }, acceptMissing);
    await keepCollection(this.#parts, store, previous, { command: "reembed --finish" });
    const renamed = await dropPrevious(store, roles, previous);
    return { alias, collection: roles.live, dropped: previous, rows, renamed };
  }

  /** Finds the collection of before the switch. Throws `usage_invalid` if there is none. */
  async previous(alias: string): Promise<string> {
    return switchedFrom(await rolesOf(await this.#parts.store(new AbortController().signal), alias));
  }

  /** A switch by an earlier version left no time: then all rows count as inserted later. */
  async #markOlderSwitch(live: string): Promise<void> {
    const store = await this.#parts.store(new AbortController().signal);
    const reader = await store.openCollection(live, "read");
    const passport = await closed([reader], async () => (await reader.stats()).passport);
    if (passport === null || passport.liveSince !== undefined) return;
    const collection = await store.openCollection(live, "write");
    await closed([collection], () => markLive(collection, 0));
  }
}

function switchedFrom({ alias, live, next, previous }: Awaited<ReturnType<typeof rolesOf>>): string {
  if (previous !== null) return previous;
  throw new HeadraceError("usage_invalid", `${alias}: expected a switch to a new model before, found only ${live}`, {
    item: alias,
    hint:
      next === null
        ? `To move it to a new model: headrace reembed ${alias} --config new.yaml`
        : `${next} is not live. To switch to it: headrace reembed ${alias} --config new.yaml`,
  });
}
