import type { VectorStore } from "../../../src/contracts/index.js";

/** The same store for several pipelines: none of them opens or closes it. */
export function borrowed(store: VectorStore): VectorStore {
  return {
    name: store.name,
    maxWriters: store.maxWriters,
    ...(store.gathers === undefined ? {} : { gathers: store.gathers }),
    create: (...given) => store.create(...given),
    openCollection: (...given) => store.openCollection(...given),
    list: () => store.list(),
    drop: (...given) => store.drop(...given),
    aliases: () => store.aliases(),
    setAlias: (...given) => store.setAlias(...given),
    dropAlias: (...given) => store.dropAlias(...given),
    check: (...given) => store.check(...given),
  };
}
