/** Embedding with Triton Inference Server. */
export { type TritonEmbedder, tritonEmbedder } from "./embedder.js";
export { type ExportedModel, type ExportedRepository, type ExportOptions, exportRepository } from "./export/export.js";
export {
  type TritonEmbedderOptions,
  type TritonSection,
  type TritonTextEmbedderOptions,
  type TritonTransport,
  tritonSection,
  tritonTransports,
} from "./options.js";
export { type ServedModel, servedModels } from "./served-models.js";
export { tritonTextEmbedder } from "./text-embedder.js";
