/** Cuts sources into shards, and puts them into a queue for any number of workers. */

import { type Collection, HeadraceError, type Shard, type VectorStore, type WorkQueue } from "../../contracts/index.js";
import {
  comparePlans,
  defaultShardItems,
  type FleetPlan,
  type ListedSources,
  parsePlan,
  type ShardListing,
  shardInputs,
  splitSources,
} from "../../fleet/index.js";
import { declaredMetric } from "../collections/declared.js";
import { nameOf } from "../collections/named-collection.js";
import { createOrOpen } from "../collections/new-collection.js";
import { storeLocation } from "../configuration/kinds.js";
import { closedOnError } from "../lifetimes/closing.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { sharedSettings } from "./shared-settings.js";

export interface DistributeRequest extends ListedSources {
  /** Folders, globs, files, URLs, and addresses of buckets. A pipe, or `-` if `stdin` is given, is a list of these. */
  readonly sources: readonly string[];
  readonly collectionName: string;
  /** Number of images in a shard. Default 2,000. */
  readonly shardItems?: number;
  readonly listing?: ShardListing;
  readonly signal?: AbortSignal;
  /** Called after each group of shards. */
  readonly onProgress?: (progress: DistributionCounts) => void;
}

export interface DistributionCounts {
  readonly shards: number;
  /** Images, as far as they are known: those of archives are not. */
  readonly items: number;
  /** Shards that were not in the queue before. In a dry run: 0. */
  readonly added: number;
}

const shardsPerCall = 200;

/** `queue`: null for a dry run, which only counts. Throws `config_conflict` for a store with one writer, or for another plan. */
export async function distribute(parts: PipelineParts, queue: WorkQueue | null, request: DistributeRequest): Promise<DistributionCounts> {
  const signal = request.signal ?? new AbortController().signal;
  refuseOneWriter(parts);
  // A dry run needs no server.
  const store = queue === null ? null : await storeForMany(parts, signal);
  const { sources, listing = {}, shardItems = defaultShardItems } = request;
  const shards = splitSources(sources, request, { ...parts.listingSettings, listing, shardItems }, signal);
  let counts: DistributionCounts = { shards: 0, items: 0, added: 0 };
  const add = async (group: readonly Shard[]) => {
    const added = queue === null ? 0 : await queue.add(group);
    const items = group.reduce((sum, shard) => sum + (shard.items ?? 0), counts.items);
    counts = { shards: counts.shards + group.length, items, added: counts.added + added };
    request.onProgress?.(counts);
  };
  let group: Shard[] = [];
  for await (const shard of shards) {
    if (counts.shards === 0 && group.length === 0 && queue !== null && store !== null)
      await begin(parts, store, queue, request, shard, signal);
    group.push(shard);
    if (group.length < shardsPerCall) continue;
    await add(group);
    group = [];
  }
  if (signal.aborted) throw new HeadraceError("aborted", `distribute: stopped after ${counts.shards} shards`, { hint: continueHint });
  if (group.length > 0) await add(group);
  if (counts.shards === 0) throw new HeadraceError("source_failed", `${sources.join(", ") || "the lists"}: expected images, found none`);
  await queue?.filled(counts.added);
  return counts;
}

const continueHint = "Run the same command again: it continues, because shards that are there are not added twice.";

/** Pins the plan, and creates the collection. So workers can compare themselves with both. */
async function begin(
  parts: PipelineParts,
  store: VectorStore,
  queue: WorkQueue,
  { collectionName }: DistributeRequest,
  first: Shard,
  signal: AbortSignal,
): Promise<void> {
  const asked = await planFor(parts, collectionName, signal);
  const pinned = await queue.plan();
  if (pinned !== null) comparePlans(parsePlan(pinned, collectionName), asked);
  const collection = await openOrCreate(parts, store, asked, first, signal);
  await collection.close();
  comparePlans(parsePlan(await queue.pin(JSON.stringify(asked)), collectionName), asked);
  await queue.filling();
}

/** What this process would do to the collection. If an alias is set to another collection later, the fleet stays with this one. */
export async function planFor(parts: PipelineParts, collection: string, signal: AbortSignal): Promise<FleetPlan> {
  const chain = await parts.chain(signal);
  return {
    format: 1,
    collection: await nameOf(parts, collection),
    dimension: chain.embedder.dimension,
    metric: declaredMetric(parts.settings, collection),
    passport: await parts.passports.of(chain, signal),
    settings: sharedSettings(parts.settings),
  };
}

async function openOrCreate(
  parts: PipelineParts,
  store: VectorStore,
  { collection: name, dimension, metric, passport }: FleetPlan,
  first: Shard,
  signal: AbortSignal,
): Promise<Collection> {
  const open = async () => {
    const opened = await store.openCollection(name, "write");
    return closedOnError([opened], async () => {
      await parts.passports.check(opened, await parts.chain(signal), "write", signal);
      return opened;
    });
  };
  try {
    return await open();
  } catch (error) {
    if (!HeadraceError.is(error) || error.code !== "collection_not_found") throw error;
  }
  const idType = await idTypeOf(first, parts, signal);
  return createOrOpen(() => store.create(name, { dimension, metric, passport, idType }), open);
}

/** As in an ingestion, the first image decides the type of the ids. */
async function idTypeOf(first: Shard, { listingSettings }: PipelineParts, signal: AbortSignal): Promise<"text" | "int64"> {
  for await (const { id, ref } of shardInputs(first, listingSettings, signal)) {
    if (ref.refused === undefined) return typeof id === "bigint" ? "int64" : "text";
  }
  return "text";
}

function refuseOneWriter(parts: PipelineParts): void {
  if (parts.own.store === undefined && parts.storeKind === "lancedb") throw oneWriter(storeLocation(parts.settings, "lancedb"));
}

async function storeForMany(parts: PipelineParts, signal: AbortSignal): Promise<VectorStore> {
  const store = await parts.store(signal);
  if (store.maxWriters === 1) throw oneWriter(`the store ${store.name}`);
  return store;
}

function oneWriter(place: string): HeadraceError {
  return new HeadraceError("config_conflict", `distribute: expected a store that many processes can write to, found ${place}`, {
    hint: "LanceDB allows one writer for each table. Configure Milvus: `headrace distribute --set milvus.host=…`.",
  });
}
