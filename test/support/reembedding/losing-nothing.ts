/** Scenes in which a re-embedding could lose rows. Every store must pass them. */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type ReembedRequest, type ReembedStats, ServiceConfig } from "../../../src/app/index.js";
import { HeadraceError, type Observer, type VectorStore } from "../../../src/contracts/index.js";
import { encodePng } from "../../../src/kit/index.js";
import { borrowed } from "./borrowed.js";

/** What a scene works with. */
export interface Scene {
  readonly store: VectorStore;
  /** A folder of its own. */
  readonly folder: string;
  /** Begins the names of its collections and aliases. */
  readonly prefix: string;
}

/** Defines the tests. `scene`: called in each test. */
export function losesNothing(scene: () => Scene): void {
  it("keeps the 100 rows that were inserted between a switch and a rollback, when it switches again", async () => {
    await using stage = await Stage.open(scene());
    await stage.insert(stage.before, range(0, 200), stage.photos);
    const first = await stage.reembed({ name: stage.photos, alias: stage.live });
    assert.equal(first.switched, true);
    await stage.insert(stage.after, range(200, 300), stage.live);
    const back = await stage.after.reembedding.rollBack(stage.live);
    assert.deepEqual([back.to, back.onlyInFrom], [stage.photos, 100]);
    assert.deepEqual(await stage.numbersIn(first.to), range(0, 300));

    const again = await stage.reembed({ name: stage.live });
    assert.deepEqual([again.switched, again.deleted, again.kept, again.gate?.rowsAfter], [true, 0, 100, 300]);
    assert.deepEqual(await stage.numbersIn(stage.live), range(0, 300));

    await stage.after.reembedding.rollBack(stage.live);
    const third = await stage.reembed({ name: stage.live });
    assert.deepEqual([third.switched, third.deleted, third.kept], [true, 0, 100], "the time of the first switch counts");
    assert.deepEqual(await stage.numbersIn(stage.live), range(0, 300));
  });

  it("carries the rows that were inserted since the switch over to the collection that is live again", async () => {
    await using stage = await Stage.open(scene());
    await stage.insert(stage.before, range(0, 20), stage.photos);
    const { to } = await stage.reembed({ name: stage.photos, alias: stage.live });
    await stage.insert(stage.after, range(20, 30), stage.live);
    await stage.after.insertImagesAsync({ inputs: [picture(99)], collectionName: stage.live });
    assert.equal((await stage.after.reembedding.rollBack(stage.live)).onlyInFrom, 11);

    await assert.rejects(async () => stage.after.reembedding.carryOver({ alias: stage.live }), isError("dimension_mismatch"));
    const run = await stage.before.reembedding.carryOver({ alias: stage.live });
    assert.deepEqual([run.from, run.to, run.total], [to, stage.photos, 11]);
    const report = await run.done;
    assert.deepEqual([report.ended, report.stored, report.failed], ["completed", 10, 1], "bytes cannot be read again");
    assert.deepEqual(await stage.numbersIn(stage.live), range(0, 30));
    const repeated = await (await stage.before.reembedding.carryOver({ alias: stage.live })).done;
    assert.deepEqual([repeated.stored, repeated.failed], [0, 1]);
    assert.equal((await stage.after.count(to)) - (await stage.after.count(stage.live)), 1);
  });

  it("the end refuses while the old collection has rows that the new one lacks, and names how many and which", async () => {
    await using stage = await Stage.open(scene());
    await stage.insert(stage.before, range(0, 20), stage.photos);
    await rm(join(stage.pictures, "3.png"));
    await stage.reembed({ name: stage.photos, alias: stage.live, maxMissing: { rows: 1 } });
    await stage.after.deleteByFilter(stage.live, "number == 7");
    const refused = (error: unknown): boolean =>
      isError("drop_refused")(error) && /found 2, such as .*(3|7)\.png, .*(3|7)\.png/.test((error as HeadraceError).message);
    await assert.rejects(stage.after.reembedding.finish(stage.live), refused);
    await assert.rejects(stage.after.reembedding.finish(stage.live, { acceptMissing: 1 }), isError("drop_refused"));
    assert.equal(await stage.before.count(stage.photos), 20);
    const done = await stage.after.reembedding.finish(stage.live, { acceptMissing: 2 });
    assert.deepEqual([done.dropped, done.rows], [stage.photos, 20]);
    assert.equal(await stage.after.count(stage.live), 18);
  });

  it("does not switch to a collection that lacks more than one row in a thousand, and prints the share before", async () => {
    await using stage = await Stage.open(scene());
    await stage.insert(stage.before, range(0, 200), stage.photos);
    for (const number of range(0, 99)) await rm(join(stage.pictures, `${number}.png`));
    const notices: string[] = [];
    const observer: Observer = (event) => void (event.kind === "notice" && notices.push(event.message));
    const refused = await stage.reembed({ name: stage.photos, alias: stage.live, observer });
    assert.deepEqual([refused.switched, refused.upkeepError?.code, refused.gate?.missing], [false, "switch_refused", 99]);
    assert.match(refused.upkeepError?.hint ?? "", /--max-missing 99/);
    assert.ok(
      notices.some((text) => /99 of 200 rows are missing .*\(49\.5 %\)/.test(text)),
      notices.join("\n"),
    );
    assert.equal(await stage.before.count(stage.live), 200);
    assert.equal((await stage.reembed({ name: stage.live, maxMissing: { rows: 99 } })).switched, true);
  });

  it("keeps the time of the switch when the passport is adopted again", async () => {
    await using stage = await Stage.open(scene());
    await stage.insert(stage.before, range(0, 5), stage.photos);
    const { to } = await stage.reembed({ name: stage.photos, alias: stage.live });
    const since = (await stage.after.collectionStats(to)).passport?.liveSince;
    assert.ok(since !== undefined && Math.abs(Date.now() - since) < 600_000);
    await stage.after.adoptCollection(to);
    assert.equal((await stage.after.collectionStats(to)).passport?.liveSince, since);
  });
}

/** Two pipelines with different models on one store. */
class Stage {
  private constructor(
    readonly scene: Scene,
    readonly before: ImageEmbeddingPipeline,
    readonly after: ImageEmbeddingPipeline,
  ) {}

  static async open(scene: Scene): Promise<Stage> {
    await mkdir(join(scene.folder, "pictures"), { recursive: true });
    const config = new ServiceConfig({ lancedb: { path: join(scene.folder, "data") } });
    const pipeline = (dimension: number) =>
      ImageEmbeddingPipeline.open(config, { own: { store: borrowed(scene.store), embedder: memoryEmbedder({ dimension }) } });
    return new Stage(scene, await pipeline(16), await pipeline(24));
  }

  get photos(): string {
    return `${this.scene.prefix}photos`;
  }

  get live(): string {
    return `${this.scene.prefix}live`;
  }

  get pictures(): string {
    return join(this.scene.folder, "pictures");
  }

  async insert(pipeline: ImageEmbeddingPipeline, numbers: readonly number[], collectionName: string): Promise<void> {
    const inputs = [];
    for (const number of numbers) {
      const path = join(this.pictures, `${number}.png`);
      await writeFile(path, picture(number));
      inputs.push({ input: path, metadata: { number } });
    }
    const { failures } = await pipeline.insertImagesAsync({ inputs, collectionName });
    assert.deepEqual(failures, []);
  }

  async reembed(request: ReembedRequest): Promise<ReembedStats> {
    const stats = await (await this.after.reembedding.start(request)).done;
    assert.equal(stats.error, undefined);
    return stats;
  }

  async numbersIn(name: string): Promise<readonly number[]> {
    const found: number[] = [];
    for await (const page of this.before.scan(name, { vectors: "omit" })) {
      for (const { facts } of page) if (facts.metadata["number"] !== undefined) found.push(Number(facts.metadata["number"]));
    }
    return found.sort((a, b) => a - b);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.before.close();
    await this.after.close();
    const { store, prefix } = this.scene;
    for (const { alias } of await store.aliases()) if (alias.startsWith(prefix)) await store.dropAlias(alias);
    for (const { name } of await store.list()) if (name.startsWith(prefix)) await store.drop(name);
  }
}

/** A picture that no other number gives. */
function picture(number: number): Uint8Array {
  const data = new Uint8Array(8 * 8 * 3).map((_, index) =>
    index < 2 ? number >> (8 * index) : (number * 7 + index * (number % 11)) % 256,
  );
  return encodePng({ width: 8, height: 8, channels: 3, data }, 1);
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function isError(code: string): (error: unknown) => boolean {
  return (error) => HeadraceError.is(error) && error.code === code;
}
