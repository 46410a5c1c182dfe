/** Embedding with Triton Inference Server. */
export { type TritonEmbedder, tritonEmbedder } from "./embedder.js";
export { type ExportedModel, type ExportedRepository, type ExportOptions, exportRepository } from "./export/export.js";
export {
  type TritonEmbedderOptions,
  type TritonOptions,
  type TritonTransport,
  tritonEmbedderOptions,
  tritonOptions,
  tritonTransports,
} from "./options.js";
export type { ModelStatistics } from "./transport/transport.js";
