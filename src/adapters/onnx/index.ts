/** Embedding with ONNX Runtime. */
export { type OnnxEmbedder, type OnnxEmbedderOptions, onnxEmbedder } from "./embedder.js";
