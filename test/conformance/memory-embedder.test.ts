/** The fake embedder keeps the embedder's contract. */
import { MemoryEmbedder } from "../../src/adapters/memory/index.js";
import { embedderConformance } from "./embedder.js";

embedderConformance("memory", () => new MemoryEmbedder(), { cannot: ["golden-vectors"] });
