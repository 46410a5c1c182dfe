/** Embedding with ONNX Runtime. */
export { OnnxEmbedder, type OnnxEmbedderOptions } from "./embedder.js";
