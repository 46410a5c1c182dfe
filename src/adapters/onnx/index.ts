/** Embedding with ONNX Runtime. */
export { OnnxEmbedder, type OnnxEmbedderOptions } from "./embedder.js";
export { type OnnxOptions, onnxOptions } from "./options.js";
