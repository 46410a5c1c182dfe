/** Embedding with ONNX Runtime. */
export { type OnnxEmbedder, onnxEmbedder } from "./embedder.js";
export { type OnnxHeadOptions, openOnnxHead } from "./head.js";
export { preprocessingFileOf } from "./model-file.js";
export { type OnnxSection, onnxSection } from "./options.js";
export { onnxTextEmbedder, textSourceOf } from "./text-embedder.js";
