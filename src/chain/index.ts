/** Computes embeddings of images, with a decoder, a preprocessor and an embedder that have matching settings. */
export type { Chain, ChainReady } from "./chain.js";
export type { DecodedFile, DecodingReader, ReadAndDecode, Unread } from "./decoding-reader.js";
export { type HeadChoice, headLabeller } from "./heads.js";
export { type LabelChoice, type LabelLimits, type Labeller, makeLabeller } from "./labels.js";
export { needsPreprocessor, type PreprocessingChoice, resolvePreprocessing } from "./preprocessing.js";
export { presetFromConfig } from "./preprocessor-config.js";
export { probeImages } from "./probes.js";
export { decodePixels, embedTensors, finishVector, tensorsOf, vectorAt, vectorize } from "./vectorize.js";
