/** A store that counts rows and keeps none: what is left in memory afterwards is the pipeline's own. */
import { type Collection, type CollectionSchema, type CollectionStats, HeadraceError, type VectorStore } from "../src/contracts/index.js";

export function forgetfulStore(): VectorStore {
  return {
    name: "forgetful",
    maxWriters: 2,
    create: async (name, schema) => forgetfulCollection(name, schema),
    openCollection: (name) => Promise.reject(new HeadraceError("collection_not_found", `There is no collection ${name}.`)),
    list: async () => [],
    drop: async () => {},
    aliases: async () => [],
    setAlias: async () => undefined,
    dropAlias: async () => undefined,
    check: async () => {},
  };
}

function forgetfulCollection(name: string, { dimension, metric }: CollectionSchema): Collection {
  let rows = 0;
  const stats = async (): Promise<CollectionStats> => ({
    name,
    count: rows,
    dimension,
    metric,
    idType: "text",
    index: "none",
    indexedKeys: [],
    indexableKeys: [],
    passport: null,
  });
  return {
    name,
    dimension,
    metric,
    idType: "text",
    passport: null,
    isEmpty: async () => rows === 0,
    setPassport: async () => {},
    upsert: async (batch) => {
      rows += batch.ids.length;
      return [];
    },
    known: async () => new Map(),
    byContent: async () => new Map(),
    search: async () => [],
    get: async () => [],
    delete: async () => 0,
    count: async () => rows,
    scan: async function* () {},
    stats,
    settle: async () => {},
    upkeep: async () => {},
    buildIndex: async (column) => ({ column, type: "none", outcome: "unchanged", rows }),
    close: async () => {},
  };
}
