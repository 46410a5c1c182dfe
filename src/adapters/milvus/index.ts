/** Milvus as a vector store. */
export { MilvusStore, type MilvusStoreOptions, milvusStore } from "./store.js";
