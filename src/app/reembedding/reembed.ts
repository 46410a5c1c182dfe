/** Fills a new collection with the images of another one, embedded by the model of the pipeline, and switches an alias to it. */
import { hash } from "node:crypto";
import { type Collection, HeadraceError, type VectorStore } from "../../contracts/index.js";
import { comparePassports } from "../../kit/index.js";
import { createOrOpen } from "../collections/new-collection.js";
import { closed, closedOnError } from "../lifetimes/closing.js";
import type { IngestRun } from "../runs/ingest-images.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { liveRowsSince } from "./live-since.js";
import { Passes } from "./passes.js";
import type { ReembedRequest, ReembedRun } from "./request.js";
import { giveAlias, markNext, nextName, type Roles, rolesOf } from "./roles.js";
import { followAndSwitch } from "./switching.js";

/** The collections of one re-embedding, and how far it is. */
export interface ReembedState {
  readonly roles: Roles;
  /** Name of the new collection. */
  readonly next: string;
  /** Whether the new collection exists. */
  readonly isStarted: boolean;
}

/** Finds the collections without changing anything. Throws `usage_invalid` if there is nothing to do. */
export async function stateOf(parts: PipelineParts, store: VectorStore, roles: Roles, signal: AbortSignal): Promise<ReembedState> {
  const chain = await parts.chain(signal);
  const ours = await parts.passports.of(chain, signal);
  const live = await passportOf(store, roles.live);
  const { alias } = roles;
  if (live.passport !== null && live.dimension === chain.embedder.dimension && comparePassports(live.passport, ours, live.metric).same) {
    throw new HeadraceError("usage_invalid", `re-embed ${alias}: expected another model than that of ${roles.live}, found the same`, {
      item: alias,
      hint:
        roles.previous === null
          ? "Give the configuration of the new model with --config."
          : `The switch is done. To drop ${roles.previous}: headrace reembed ${alias} --finish. To switch back: --rollback.`,
    });
  }
  if (roles.previous !== null) {
    throw new HeadraceError("usage_invalid", `re-embed ${alias}: expected no collection of an earlier switch, found ${roles.previous}`, {
      item: alias,
      hint: `Finish the earlier one first: headrace reembed ${alias} --finish`,
    });
  }
  if (roles.next !== null) return { roles, next: roles.next, isStarted: true };
  const next = nextName(roles.live, hash("sha256", JSON.stringify(ours.probes), "hex"));
  return { roles, next, isStarted: (await store.list()).some(({ name }) => name === next) };
}

export async function startReembed(parts: PipelineParts, request: ReembedRequest): Promise<ReembedRun> {
  const signal = request.signal ?? new AbortController().signal;
  const store = await parts.store(signal);
  if (request.alias !== undefined) await giveAlias(store, request.name, request.alias);
  const roles = await rolesOf(store, request.alias ?? request.name);
  const { next } = await stateOf(parts, store, roles, signal);
  const origin = await store.openCollection(roles.live, "read");
  return closedOnError([origin], async () => {
    const target = await openNext(parts, store, origin, next, signal);
    return closedOnError([target], async () => {
      await markNext(store, roles, next);
      const { naming = null, observer, onOutcome } = request;
      const passes = new Passes(parts, target, { keepSince: await liveRowsSince(target), naming, signal, observer, onOutcome });
      const total = await origin.count();
      const first = await passes.start(origin, { kind: "all" });
      const run = (): IngestRun => passes.current!;
      return {
        from: roles.live,
        to: next,
        total,
        drain: () => passes.drain(),
        snapshot: () => run().snapshot(),
        stages: () => run().stages(),
        verdict: () => run().verdict(),
        limitingStage: () => run().limitingStage(),
        serverLoad: () => run().serverLoad(),
        deadLetterPath: run().deadLetterPath,
        done: closed([target, origin], () => followAndSwitch(store, { roles, origin, target, passes, first: first.done, request, signal })),
      };
    });
  });
}

/** Opens the new collection for writing. Throws `passport_mismatch` if a call with another model has begun to fill it. */
async function openNext(
  parts: PipelineParts,
  store: VectorStore,
  { metric, idType }: Collection,
  name: string,
  signal: AbortSignal,
): Promise<Collection> {
  const chain = await parts.chain(signal);
  const { dimension } = chain.embedder;
  const collection = await createOrOpen(
    () => store.create(name, { dimension, metric, idType, passport: null }),
    () => store.openCollection(name, "write"),
  );
  await closedOnError([collection], () => parts.passports.check(collection, chain, "write", signal));
  return collection;
}

async function passportOf(store: VectorStore, name: string): Promise<Pick<Collection, "passport" | "dimension" | "metric">> {
  const collection = await store.openCollection(name, "read");
  const { passport, dimension, metric } = collection;
  await collection.close();
  return { passport, dimension, metric };
}
