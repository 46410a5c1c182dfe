/** Embedding with ONNX Runtime. */
export { type OnnxEmbedder, onnxEmbedder } from "./embedder.js";
export { type LabelEmbedder, labelEmbedder } from "./label-embedder.js";
export { type OnnxSection, onnxSection } from "./options.js";
