/** The memory store is a vector store. */
import { MemoryStore } from "../../src/adapters/memory/index.js";
import { vectorStoreConformance } from "./vector-store.js";

vectorStoreConformance("memory", async () => ({ store: new MemoryStore(), close: async () => undefined }), { cannot: [] });
