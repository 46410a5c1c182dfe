/** A store that tells of each call before it is made, so that a history can let something happen just then. */
import type { Collection, Key, VectorStore } from "../../../src/contracts/index.js";

/** Called and awaited before each call. `ids`: the rows that are about to be deleted. */
export type BeforeCall = (call: string, ids: readonly Key[]) => Promise<void>;

/** The calls in which other things happen. Not `delete`: between the last look at an image and the deletion of its row is always a moment. */
const toldOf: ReadonlySet<string> = new Set(["upsert", "known", "byContent", "get", "delete", "count", "upkeep"]);

export function interruptedStore(store: VectorStore, before: BeforeCall): VectorStore {
  const wrap = async (making: Promise<Collection>): Promise<Collection> => interruptedCollection(await making, before);
  return proxied(store, {
    create: (...args: Parameters<VectorStore["create"]>) => wrap(store.create(...args)),
    openCollection: (...args: Parameters<VectorStore["openCollection"]>) => wrap(store.openCollection(...args)),
  });
}

function interruptedCollection(collection: Collection, before: BeforeCall): Collection {
  const replaced: Record<string, unknown> = {
    async *scan(...args: Parameters<Collection["scan"]>) {
      await before("scan", []);
      yield* collection.scan(...args);
    },
  };
  for (const call of toldOf) {
    replaced[call] = async (...args: readonly unknown[]) => {
      await before(call, call === "delete" ? idsIn(args[0]) : []);
      return Reflect.apply(Reflect.get(collection, call), collection, args);
    };
  }
  return proxied(collection, replaced);
}

function idsIn(selection: unknown): readonly Key[] {
  return (selection as { readonly ids?: readonly Key[] }).ids ?? [];
}

function proxied<T extends object>(target: T, replaced: object): T {
  return new Proxy(target, {
    get: (_, key) => {
      if (Object.hasOwn(replaced, key)) return Reflect.get(replaced, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
