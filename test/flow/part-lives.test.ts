/** Every part is opened and closed by the pipeline alone, once; calls that fail, or are aborted, change nothing about that. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { JaxPreprocessor } from "../../src/adapters/jax/preprocessor.js";
import { type MemoryEmbedderOptions, memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type OpenOptions, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError, type Reader } from "../../src/contracts/index.js";
import { Life, type WatchedOptions, watchClass, watchedPart, watchedStore } from "../fakes/watched-parts.js";

type Role = "reader" | "decoder" | "embedder" | "store";

const image = Uint8Array.of(1, 2);
const roles = ["reader", "decoder", "embedder", "store"] as const satisfies readonly Role[];
const chainRoles = ["decoder", "embedder"] as const satisfies readonly Role[];
/** The model takes numbers, so that there is a preprocessor. */
const input = { dtype: "float32", layout: "NHWC", width: 8, height: 8 } as const;

describe("the life of parts", () => {
  let folder = "";
  let lives: Life[] = [];
  let unwatch = (): void => undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-lives-"));
    lives = [];
    unwatch = watchClass(JaxPreprocessor, lives);
  });
  afterEach(async () => {
    unwatch();
    await rm(folder, { recursive: true, force: true });
  });

  /** A pipeline of watched parts alone. */
  async function open(
    parts: OpenOptions["parts"] & string,
    options: Partial<Record<Role, WatchedOptions>> = {},
    { settings = {}, embedder = {} }: { readonly settings?: object; readonly embedder?: MemoryEmbedderOptions } = {},
  ): Promise<ImageEmbeddingPipeline> {
    const lifeOf = (name: Role): Life => {
      const life = new Life(name);
      lives.push(life);
      return life;
    };
    const own = {
      store: watchedStore(memoryStore(), lives, options.store),
      decoder: watchedPart(memoryDecoder(), lifeOf("decoder"), options.decoder),
      embedder: watchedPart(memoryEmbedder({ input, ...embedder }), lifeOf("embedder"), options.embedder),
      readers: [watchedPart(byteReader(), lifeOf("reader"), options.reader)],
    };
    const config = new ServiceConfig({ lancedb: { path: folder }, preprocess: { backend: "jax" }, ...settings });
    return ImageEmbeddingPipeline.open(config, { own, parts });
  }

  function openings(): Readonly<Record<string, number>> {
    return Object.fromEntries(lives.filter(({ name }) => name !== "collection").map(({ name, opened }) => [name, opened]));
  }

  function assertWellClosed(): void {
    for (const { name, opened, closed, breaches } of lives) {
      assert.deepEqual({ name, closed, breaches }, { name, closed: opened, breaches: [] });
    }
  }

  const once = { reader: 1, decoder: 1, jax: 1, embedder: 1, store: 1 };

  for (const parts of ["lazy", "eager"] as const) {
    it(`${parts}: two runs, searches, a thumbnail, a delete and a look at health share one opening of each part`, async () => {
      const pipeline = await open(parts);
      assert.deepEqual(openings(), parts === "eager" ? once : { reader: 0, decoder: 0, embedder: 0, store: 0 });
      const { ids } = await pipeline.insertImages({ inputs: [image, Uint8Array.of(3)] });
      await pipeline.insertImagesAsync({ inputs: [image, Uint8Array.of(4)] });
      assert.equal((await pipeline.searchImages(image)).length, 3);
      assert.equal((await pipeline.embedImages([image])).failures.length, 0);
      assert.equal(await pipeline.thumbnail(image), null);
      assert.equal(await pipeline.deleteByIds("images", [ids[1]!]), 1);
      assert.equal((await pipeline.health()).ok, true);
      assert.equal((await pipeline.diagnose()).ok, true);
      assert.deepEqual(openings(), once);
      await pipeline.close();
      await pipeline.close();
      assertWellClosed();
    });
  }

  it("one image is read by a reader that is open, where no run has opened it", async () => {
    const pipeline = await open("lazy");
    assert.equal(await pipeline.thumbnail(image), null);
    assert.deepEqual(openings(), { reader: 1, decoder: 0, embedder: 0, store: 0 });
    await pipeline.close();
    assertWellClosed();
  });

  it("an aborted run leaves the parts to the calls that follow", async () => {
    const controller = new AbortController();
    let isHanging = false;
    const work = async (_: number, signal: AbortSignal): Promise<void> => {
      if (isHanging) await hangUntil(signal, () => controller.abort());
    };
    const pipeline = await open("lazy", {}, { embedder: { work } });
    await pipeline.insertImagesAsync({ inputs: [Uint8Array.of(3)] });
    isHanging = true;
    await assert.rejects(pipeline.insertImagesAsync({ inputs: [image], signal: controller.signal }), { code: "aborted" });
    isHanging = false;
    assert.equal((await pipeline.insertImagesAsync({ inputs: [image] })).stats.stored, 1);
    assert.deepEqual(openings(), once);
    await pipeline.close();
    assertWellClosed();
  });

  for (const role of roles) {
    it(`the ${role} that does not open fails the call; the next one opens it, and nothing that is open already`, async () => {
      const opening = failing(1);
      const pipeline = await open("lazy", { [role]: { opening } });
      await assert.rejects(pipeline.insertImages({ inputs: [image] }), { message: "not yet" });
      assert.equal((await pipeline.insertImages({ inputs: [image] })).stats.stored, 1);
      assert.deepEqual(openings(), once);
      await pipeline.close();
      assertWellClosed();
    });

    it(`the ${role} that does not open makes opening a whole pipeline fail, and what was opened is closed`, async () => {
      await assert.rejects(open("eager", { [role]: { opening: failing(Number.POSITIVE_INFINITY) } }), { message: "not yet" });
      assert.equal(openings()[role], 0);
      assertWellClosed();
    });

    it(`the ${role} that is being opened when the pipeline closes is told to stop; when it opens all the same, it is closed`, async () => {
      for (const obeys of [true, false]) {
        const begun = signalled();
        const opening = async (signal: AbortSignal): Promise<void> => {
          await hangUntil(signal, begun.fire).catch((error: unknown) => {
            if (obeys) throw error;
          });
        };
        const pipeline = await open("lazy", { [role]: { opening } });
        const call = pipeline.insertImages({ inputs: [image] });
        await begun.fired;
        await Promise.all([assert.rejects(call, /pipeline .*closed/), pipeline.close()]);
        assertWellClosed();
      }
    });

    it(`of two calls that wait for the ${role}, the first is aborted: it rejects at once, the other gets its result`, async () => {
      const begun = signalled();
      const gate = signalled();
      const signals: AbortSignal[] = [];
      const opening = async (signal: AbortSignal): Promise<void> => {
        signals.push(signal);
        begun.fire();
        await gate.fired;
      };
      const pipeline = await open("lazy", { [role]: { opening } });
      const controller = new AbortController();
      const first = pipeline.insertImages({ inputs: [image], signal: controller.signal });
      const second = pipeline.embedImages([image]);
      const third = pipeline.insertImages({ inputs: [Uint8Array.of(3)] });
      await begun.fired;
      controller.abort();
      await assert.rejects(first, { code: "aborted" });
      gate.fire();
      assert.deepEqual([(await second).failures, (await third).stats.stored], [[], 1]);
      assert.deepEqual(
        signals.map(({ aborted }) => aborted),
        [false],
      );
      assert.deepEqual(openings(), once);
      await pipeline.close();
      assertWellClosed();
    });
  }

  it("an opening that nobody waits for any more goes on: whoever comes next gets it", async () => {
    const begun = signalled();
    const gate = signalled();
    const opening = async (): Promise<void> => {
      begun.fire();
      await gate.fired;
    };
    const pipeline = await open("lazy", { embedder: { opening } });
    for (let call = 0; call < 2; call += 1) {
      const controller = new AbortController();
      const embedded = pipeline.embedImages([image], { signal: controller.signal });
      await begun.fired;
      controller.abort();
      await assert.rejects(embedded, { code: "aborted" });
    }
    gate.fire();
    assert.deepEqual((await pipeline.embedImages([image])).failures, []);
    assert.deepEqual(openings(), { ...once, store: 0 });
    await pipeline.close();
    assertWellClosed();
  });

  it("parts that do not fit together stay as they are, however often a call needs them", async () => {
    const pipeline = await open("lazy", {}, { settings: { milvus: { embeddingDim: 99 } } });
    for (let call = 0; call < 3; call += 1) await assert.rejects(pipeline.insertImages({ inputs: [image] }), { code: "config_conflict" });
    assert.deepEqual(openings(), { reader: 0, decoder: 1, embedder: 1, store: 1 });
    await pipeline.close();
    assertWellClosed();
  });

  it("parts that do not fit together are closed when a whole pipeline cannot be opened", async () => {
    await assert.rejects(open("eager", {}, { settings: { milvus: { embeddingDim: 99 } } }), { code: "config_conflict" });
    for (const role of chainRoles) assert.equal(openings()[role], 1);
    assertWellClosed();
  });

  it("a preprocessor that does not fit leaves no part open but those that the next call takes", async () => {
    const pipeline = await open("lazy", {}, { settings: { preprocess: { backend: "jax", custom: join(folder, "missing.mjs") } } });
    for (let call = 0; call < 2; call += 1) await assert.rejects(pipeline.embedImages([image]), HeadraceError.is);
    assert.deepEqual(openings(), { reader: 0, decoder: 1, embedder: 1, store: 0 });
    await pipeline.close();
    assertWellClosed();
  });

  it("a reader that is named twice is opened and closed once", async () => {
    const life = new Life("reader");
    const reader = watchedPart(byteReader(), life);
    const own = { store: memoryStore(), readers: [reader, reader] };
    const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), { own, parts: "lazy" });
    assert.equal(await pipeline.thumbnail(image), null);
    await pipeline.close();
    assert.deepEqual([life.opened, life.closed, life.breaches], [1, 1, []]);
  });

  it("a part that throws when it is closed does not keep the others open", async () => {
    const life = new Life("reader");
    const reader = watchedPart(byteReader(), life);
    const store = Object.assign(memoryStore(), { close: () => Promise.reject(new Error("stuck")) });
    const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
      own: { store, readers: [reader], decoder: memoryDecoder(), embedder: memoryEmbedder() },
      parts: "lazy",
    });
    await pipeline.insertImages({ inputs: [image] });
    await assert.rejects(pipeline.close(), { message: "stuck" });
    assert.deepEqual([life.opened, life.closed], [1, 1]);
  });

  it("a scheme that nobody reads is said in the same words of an image of many and of one", async () => {
    const pipeline = await open("lazy");
    const { failures } = await pipeline.insertImages({ inputs: [image, "ftp://example.org/a.jpg"] });
    const [failure] = failures;
    assert.match(
      `${failure?.code} ${failure?.message} ${failure?.hint}`,
      /^source_unreadable ftp:.*found the scheme "ftp:".*with a reader: data, file, http, https, parquet, s3, tar, tgz, zip\.$/,
    );
    const { message, hint } = failure ?? {};
    await assert.rejects(pipeline.searchImages("ftp://example.org/a.jpg"), { message, hint });
    await pipeline.close();
    assertWellClosed();
  });
});

/** In place of the built-in one for bytes. */
function byteReader(): Reader {
  return { name: "bytes", schemes: ["data"], read: async ({ data, version }) => ({ bytes: data!, version }) };
}

/** Opens fail so often. */
function failing(times: number): () => Promise<void> {
  let left = times;
  return async () => {
    left -= 1;
    if (left >= 0) throw new HeadraceError("config_invalid", "not yet");
  };
}

interface Signalled {
  readonly fired: Promise<void>;
  readonly fire: () => void;
}

function signalled(): Signalled {
  let fire = (): void => undefined;
  const fired = new Promise<void>((resolve) => {
    fire = resolve;
  });
  return { fired, fire };
}

/** Rejects with the signal's reason; `begun` is called when it waits. */
async function hangUntil(signal: AbortSignal, begun: () => void): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    begun();
  });
}
