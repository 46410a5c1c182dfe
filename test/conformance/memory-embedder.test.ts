/** The fake embedder keeps the embedder's contract. */
import { memoryEmbedder } from "../../src/adapters/memory/index.js";
import { embedderConformance } from "./embedder.js";

embedderConformance("memory", () => memoryEmbedder(), { cannot: ["golden-vectors"] });
