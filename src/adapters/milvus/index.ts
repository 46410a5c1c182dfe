/** Milvus as a vector store. */
export {
  type DeclaredCollection,
  declaredCollection,
  type InsertSection,
  insertSection,
  type MilvusSection,
  milvusSection,
} from "./options.js";
export { type MilvusStore, type MilvusStoreOptions, milvusStore } from "./store.js";
