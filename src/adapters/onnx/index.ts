/** Embedding with ONNX Runtime. */
export { OnnxEmbedder } from "./embedder.js";
export { type OnnxSection, onnxSection } from "./options.js";
