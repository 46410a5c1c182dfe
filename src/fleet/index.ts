/** Work that many machines share: shards, the plan, and what a worker holds. */
export { comparePlans, type FleetPlan, parsePlan, planOf } from "./fleet-plan.js";
export { HeldShards } from "./held-shards.js";
export type { ListedSources } from "./named-inputs.js";
export { type OpenQueue, openQueue, type QueueAddress } from "./open-queue.js";
export { type FleetRetry, type FleetRetryRequest, retryShards } from "./retry-shards.js";
export { defaultShardItems, type ShardListing } from "./shard-content.js";
export { shardInputs } from "./shard-inputs.js";
export { splitSources } from "./splitting.js";
