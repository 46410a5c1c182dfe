/** A process that deletes or restores rows of Milvus, and kills itself (-9) at a named point: `node killed-deletion.js TASK`, a `DeletionTask` as JSON. */
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { type MilvusSection, milvusStore } from "../../../src/adapters/milvus/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";
import { killableStore } from "../../support/killable.js";

/** What the process does. */
export interface DeletionTask {
  readonly milvus: Partial<MilvusSection>;
  /** The folder of the files of deleted rows. */
  readonly data: string;
  /** The folder that is mirrored. */
  readonly photos: string;
  /** For "finish" an alias. */
  readonly collectionName: string;
  readonly verb: "dedupe" | "prune" | "finish" | "restore";
  /** The process ends when it reaches this point. Default: it completes. */
  readonly point?: string;
}

const { milvus, data, photos, collectionName, verb, point } = JSON.parse(process.argv[2]!) as DeletionTask;

function reach(name: string): void {
  if (name === point) process.kill(process.pid, "SIGKILL");
}

const own = { store: killableStore(milvusStore(milvus), reach), embedder: memoryEmbedder(), decoder: memoryDecoder() };
await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: data } }), { own });

switch (verb) {
  case "dedupe": {
    const ids = [];
    for await (const { others } of pipeline.duplicates({ collectionName, threshold: 0.9999 })) ids.push(...others.map(({ id }) => id));
    await pipeline.deleteByIds(collectionName, ids, { command: "dedupe" });
    break;
  }
  case "prune":
    throwIfAny(
      await (await pipeline.sync({ source: { paths: [photos] }, collectionName, missing: "delete", maxDeletions: { share: 1 } })).done,
    );
    break;
  case "finish":
    await pipeline.reembedding.finish(collectionName);
    break;
  case "restore":
    for (const { file } of await pipeline.deletedFiles(collectionName)) {
      throwIfAny(await (await pipeline.restore({ collectionName, file }).start()).done);
    }
    break;
  default:
    verb satisfies never;
}

function throwIfAny({ ended, failed, error, upkeepError }: { ended: string; failed: number; error?: Error; upkeepError?: Error }): void {
  if (ended !== "completed" || failed > 0 || upkeepError !== undefined) throw error ?? upkeepError ?? new Error(`${failed} rows failed`);
}
