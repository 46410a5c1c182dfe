/** The memory store is a vector store. */
import { memoryStore } from "../../src/adapters/memory/index.js";
import { vectorStoreConformance } from "./vector-store.js";

vectorStoreConformance("memory", async () => ({ store: memoryStore(), close: async () => undefined }), { cannot: [] });
