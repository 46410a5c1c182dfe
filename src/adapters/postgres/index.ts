/** PostgreSQL with pgvector as a vector store: one table per collection. */
export { type PostgresSection, postgresSection } from "./options.js";
export { type PostgresStore, type PostgresStoreOptions, postgresStore } from "./store.js";
