/** Milvus as a vector store. */
export { MilvusAdministration } from "./administration.js";
export { MilvusStore, type MilvusStoreOptions, milvusStore } from "./store.js";
