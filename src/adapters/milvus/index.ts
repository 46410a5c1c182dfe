/** Milvus as a vector store. */
export type { MilvusAdministration } from "./administration.js";
export { type MilvusStore, type MilvusStoreOptions, milvusStore } from "./store.js";
