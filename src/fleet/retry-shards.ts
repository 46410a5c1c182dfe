/** Puts images that failed into new shards, and tries shards again that failed as a whole. */
import { type ErrorCode, HeadraceError, type WorkQueue } from "../contracts/index.js";
import { isRepeatable, listedInput, parseDeadLetter } from "../sources/index.js";
import { defaultShardItems, type GivenInput } from "./shard-content.js";
import { givenInput, givenShards } from "./splitting.js";

export interface FleetRetryRequest {
  /** Only images that failed with one of these codes. Default: all. */
  readonly codes?: readonly ErrorCode[];
  /** Maximum number of images. Default: all. */
  readonly limit?: number;
  /** URI schemes that workers can read. */
  readonly schemes: ReadonlySet<string>;
}

export interface FleetRetry {
  /** Number of images in new shards. Images that are in shards of an earlier retry are not counted. */
  readonly tried: number;
  /** Number of entries that only `distribute` can try again, such as invalid lines of a manifest. */
  readonly notTried: number;
  /** Number of shards that had failed as a whole, and are tried again. */
  readonly shards: number;
}

/** Entries stay in the queue until their images are stored. Throws `fleet_not_found`. */
export async function retryShards(queue: WorkQueue, request: FleetRetryRequest): Promise<FleetRetry> {
  if ((await queue.plan()) === null) throw new HeadraceError("fleet_not_found", "retry: expected work in the queue, found none");
  const { codes, limit = Number.POSITIVE_INFINITY, schemes } = request;
  let [left, notTried, tried, added] = [limit, 0, 0, 0];
  async function* inputs(): AsyncGenerator<GivenInput> {
    for await (const text of queue.deadLetters()) {
      const letter = parseDeadLetter(text, "text");
      if (letter === null || (codes !== undefined && !codes.includes(letter.code as ErrorCode))) continue;
      if (!isRepeatable(letter, schemes)) notTried += 1;
      else if (left > 0) {
        left -= 1;
        // The time tells this try from one before. So an image that fails again can be tried again.
        yield { ...givenInput(listedInput(letter)), failedAt: letter.time };
      }
    }
  }
  await queue.filling();
  for await (const shard of givenShards(inputs(), { listing: {}, shardItems: defaultShardItems })) {
    const fresh = await queue.add([shard]);
    added += fresh;
    if (fresh > 0) tried += shard.items ?? 0;
  }
  const shards = await queue.retryFailed();
  await queue.filled(added + shards);
  return { tried, notTried, shards };
}
