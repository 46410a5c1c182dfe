/** What a queue keeps in Redis beside the jobs of BullMQ: plan, results, entries of failures, and notes of workers. */
import type { ShardCounts, ShardResult, WorkerNote } from "../../contracts/index.js";
import { chunksOf } from "../../kit/index.js";
import { keysOf, namesKey, type QueueKeys } from "./names.js";
import type { Redis } from "./vendor.js";

const countNames = ["read", "stored", "reused", "skipped", "failed"] as const satisfies readonly (keyof ShardCounts)[];
const fieldsPerCall = 500;

export interface FillState {
  readonly isFilled: boolean;
  /** Grows whenever new shards have all been added. 0: never. */
  readonly epoch: number;
}

export class Records {
  readonly #keys: QueueKeys;

  constructor(
    readonly client: Redis,
    readonly name: string,
  ) {
    this.#keys = keysOf(name);
  }

  /** Rejects if this user may not write to the queue, or not run scripts, as BullMQ does. */
  async probe(): Promise<void> {
    await this.client.eval("return redis.call('set', KEYS[1], '', 'px', 1)", 1, this.#keys.probe);
  }

  plan(): Promise<string | null> {
    return this.client.get(this.#keys.plan);
  }

  async pin(plan: string): Promise<string> {
    await this.client.setnx(this.#keys.plan, plan);
    await this.client.sadd(namesKey, this.name);
    return (await this.plan()) ?? plan;
  }

  async filling(): Promise<void> {
    await this.client.hset(this.#keys.state, "filled", "0");
  }

  async filled(added: number): Promise<void> {
    const call = this.client.multi().hset(this.#keys.state, "filled", "1");
    await (added > 0 ? call.hincrby(this.#keys.state, "epoch", 1) : call).exec();
  }

  async state(): Promise<FillState> {
    const [filled, epoch] = await this.client.hmget(this.#keys.state, "filled", "epoch");
    return { isFilled: filled !== "0", epoch: Number(epoch ?? 0) };
  }

  /** A shard that ran twice has the result of its last run. So its images are counted once. */
  async keepResult(shardId: string, { counts, failed, cured }: ShardResult): Promise<void> {
    const { letters, results } = this.#keys;
    if (cured.length > 0 && (await this.client.hlen(letters)) > 0) {
      for (const sources of chunksOf(cured, fieldsPerCall)) await this.client.hdel(letters, ...sources);
    }
    for (const entries of chunksOf([...failed], fieldsPerCall)) await this.client.hset(letters, ...entries.flat());
    await this.client.hset(results, shardId, countNames.map((name) => counts[name]).join(","));
  }

  async counts(): Promise<{ readonly counts: ShardCounts; readonly prunedShards: number }> {
    const [results, pruned] = await Promise.all([this.client.hvals(this.#keys.results), this.client.hgetall(this.#keys.pruned)]);
    const all = results.map((text) => text.split(",").map(Number));
    const sum = (name: string, at: number) => all.reduce((total, each) => total + (each[at] ?? 0), Number(pruned[name] ?? 0));
    const counts = Object.fromEntries(countNames.map((name, at) => [name, sum(name, at)])) as unknown as ShardCounts;
    return { counts, prunedShards: Number(pruned["shards"] ?? 0) };
  }

  /** Moves the results of shards into the sums of pruned shards. */
  async pruneResults(shardIds: readonly string[]): Promise<void> {
    for (const ids of chunksOf(shardIds, fieldsPerCall)) {
      const results = await this.client.hmget(this.#keys.results, ...ids);
      const call = this.client
        .multi()
        .hdel(this.#keys.results, ...ids)
        .hincrby(this.#keys.pruned, "shards", ids.length);
      for (const [at, name] of countNames.entries()) {
        call.hincrby(
          this.#keys.pruned,
          name,
          results.reduce((sum, text) => sum + Number(text?.split(",")[at] ?? 0), 0),
        );
      }
      await call.exec();
    }
  }

  async pruneWorkers(): Promise<void> {
    const ended = (await this.workers()).filter(({ state }) => state === "ended");
    if (ended.length > 0) await this.client.hdel(this.#keys.workers, ...ended.map(({ id }) => id));
  }

  async workers(): Promise<readonly WorkerNote[]> {
    return (await this.client.hvals(this.#keys.workers)).map((text) => JSON.parse(text) as WorkerNote);
  }

  async announce(note: WorkerNote): Promise<void> {
    await this.client.hset(this.#keys.workers, note.id, JSON.stringify(note));
  }

  letterCount(): Promise<number> {
    return this.client.hlen(this.#keys.letters);
  }

  async *letters(): AsyncGenerator<string> {
    for await (const fields of this.client.hscanStream(this.#keys.letters, { count: fieldsPerCall })) {
      const texts = fields as readonly string[];
      for (let at = 1; at < texts.length; at += 2) yield texts[at] ?? "";
    }
  }

  /** Removes everything but the entries of failures. */
  async drop(): Promise<void> {
    const { plan, state, results, pruned, workers } = this.#keys;
    await this.client.del(plan, state, results, pruned, workers);
    await this.client.srem(namesKey, this.name);
  }
}
