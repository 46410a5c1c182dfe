/** What every vector store promises, as tests: a new store passes these, or names what it cannot do. */
import { describe } from "node:test";
import { aliasTests } from "./store-aliases.js";
import { collectionTests } from "./store-collections.js";
import { indexTests } from "./store-indexes.js";
import { metadataTests } from "./store-metadata.js";
import { pageTests } from "./store-pages.js";
import { rowTests } from "./store-rows.js";
import { searchTests } from "./store-search.js";
import { type ConformanceOptions, StoreSuite, type VectorStoreUnderTest } from "./store-suite.js";

export type { ConformanceOptions, StoreCapability, VectorStoreUnderTest } from "./store-suite.js";

/** Registers the suite; `make` is called once. */
export function vectorStoreConformance(name: string, make: () => Promise<VectorStoreUnderTest>, options: ConformanceOptions): void {
  describe(`${name} is a vector store`, () => {
    const suite = new StoreSuite(make, options);
    suite.register();
    collectionTests(suite);
    aliasTests(suite);
    rowTests(suite);
    pageTests(suite);
    metadataTests(suite);
    searchTests(suite);
    indexTests(suite);
  });
}
