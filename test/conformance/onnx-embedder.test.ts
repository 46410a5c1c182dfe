/** ONNX Runtime keeps the embedder's contract with both shipped graphs. */
import { fileURLToPath } from "node:url";
import { onnxEmbedder } from "../../src/adapters/onnx/index.js";
import { embedderConformance } from "./embedder.js";

const floatModel = fileURLToPath(new URL("../../../models/efficientnet-lite0.onnx", import.meta.url));

embedderConformance("ONNX Runtime, uint8 graph", () => onnxEmbedder({ sessions: 2 }));
embedderConformance("ONNX Runtime, float32 graph", () => onnxEmbedder({ model: floatModel, sessions: 1 }));
