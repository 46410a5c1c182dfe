/** Parts of a pipeline that report named points of their work, so that a test can end the process there. */
import type { Collection, Embedder, ImageDecoder, VectorStore } from "../../src/contracts/index.js";

/** Called at each named point, every time that it is reached. */
export type Reach = (point: string) => void;

export function killableDecoder(decoder: ImageDecoder, reach: Reach): ImageDecoder {
  return proxied(decoder, {
    decode: async (...args: Parameters<ImageDecoder["decode"]>) => {
      reach("before decode");
      const pixels = await decoder.decode(...args);
      reach("after decode");
      return pixels;
    },
  });
}

export function killableEmbedder(embedder: Embedder, reach: Reach): Embedder {
  return proxied(embedder, {
    embed: async (...args: Parameters<Embedder["embed"]>) => {
      const vectors = await embedder.embed(...args);
      reach("after inference");
      return vectors;
    },
  });
}

export function killableStore(store: VectorStore, reach: Reach): VectorStore {
  const wrap = (making: Promise<Collection>): Promise<Collection> => making.then((collection) => killableCollection(collection, reach));
  return proxied(store, {
    create: (...args: Parameters<VectorStore["create"]>) => wrap(store.create(...args)),
    openCollection: (...args: Parameters<VectorStore["openCollection"]>) => wrap(store.openCollection(...args)),
    drop: async (name: string) => {
      reach("before drop");
      await store.drop(name);
      reach("after drop");
    },
  });
}

function killableCollection(collection: Collection, reach: Reach): Collection {
  const { insertAbsent } = collection;
  return proxied(collection, {
    get: (...args: Parameters<Collection["get"]>) => {
      reach(`before get, vectors: ${args[1].vectors}`);
      return collection.get(...args);
    },
    insertAbsent:
      insertAbsent === undefined
        ? undefined
        : async (...args: Parameters<NonNullable<Collection["insertAbsent"]>>) => {
            reach("before insert");
            const result = await insertAbsent.apply(collection, args);
            reach("after insert");
            return result;
          },
    upsert: async (...args: Parameters<Collection["upsert"]>) => {
      reach("before upsert");
      const failures = await collection.upsert(...args);
      reach("after upsert");
      return failures;
    },
    delete: async (...args: Parameters<Collection["delete"]>) => {
      reach("before delete");
      const deleted = await collection.delete(...args);
      reach("after delete");
      return deleted;
    },
    upkeep: async (...args: Parameters<Collection["upkeep"]>) => {
      setTimeout(() => reach("during upkeep"), 2);
      await collection.upkeep(...args);
    },
  });
}

function proxied<T extends object>(part: T, replaced: object): T {
  return new Proxy(part, {
    get: (target, key) => {
      if (key in replaced) return (replaced as Record<PropertyKey, unknown>)[key];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
