/** A folder that is mirrored into LanceDB, with a model that needs no time. Any bytes are an image. */
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type Inputs, ServiceConfig, type SyncRequest, type SyncStats } from "../../src/app/index.js";
import type { StoredRow } from "../../src/contracts/index.js";

export const collectionName = "mirror";

export interface Mirror extends AsyncDisposable {
  readonly pipeline: ImageEmbeddingPipeline;
  /** Absolute path of a name in the folder of the test. */
  at(...names: readonly string[]): string;
  /** Writes files whose content is their name, or the given text. Their versions are settled afterwards. */
  write(names: readonly string[], text?: string): Promise<void>;
  sync(paths: readonly string[], more?: Partial<SyncRequest>): Promise<SyncStats>;
  insert(inputs: Inputs): Promise<void>;
  rows(): Promise<readonly StoredRow[]>;
  /** The names of the stored images, relative to the folder of the test, sorted. */
  names(): Promise<readonly string[]>;
}

/** `settings`: besides the folder of the store. */
export async function mirror(settings: ConstructorParameters<typeof ServiceConfig>[0] = {}): Promise<Mirror> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-mirror-"));
  const config = new ServiceConfig({ ...settings, lancedb: { path: join(folder, "data") } });
  const pipeline = await ImageEmbeddingPipeline.open(config, { own: { embedder: memoryEmbedder(), decoder: memoryDecoder() } });
  const at = (...names: readonly string[]) => join(folder, ...names);
  const rows = async (): Promise<readonly StoredRow[]> => {
    const found: StoredRow[] = [];
    for await (const batch of pipeline.scan(collectionName, { vectors: "include" })) found.push(...batch);
    return found;
  };
  return {
    pipeline,
    at,
    async write(names, text) {
      for (const name of names) {
        await mkdir(dirname(at(name)), { recursive: true });
        await writeFile(at(name), text ?? name);
      }
      for (const name of names) await untilSettled(at(name));
    },
    async sync(paths, more = {}) {
      const source = { paths: paths.map((path) => at(path)) };
      return (await pipeline.sync({ source, collectionName, missing: "delete", ...more })).done;
    },
    async insert(inputs) {
      await pipeline.insertImagesAsync({ inputs, collectionName });
    },
    rows,
    names: async () => (await rows()).map(({ facts }) => decodeURIComponent(facts.source).split(`${folder}/`)[1] ?? facts.source).sort(),
    [Symbol.asyncDispose]: async () => {
      await pipeline.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Versions of files that changed less than two seconds ago are not trusted. */
export async function untilSettled(path: string): Promise<void> {
  while (Date.now() - (await stat(path)).ctimeMs < 2_100) await new Promise(setImmediate);
}
