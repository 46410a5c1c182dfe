/** Turns images into comparable vectors: decoder, preprocessor and embedder, all set up for one preprocessing. */
export type { Chain, ChainReady } from "./chain.js";
export { needsPreprocessor, type PreprocessingChoice, resolvePreprocessing } from "./preprocessing.js";
export { presetFromConfig } from "./preprocessor-config.js";
export { probeImages } from "./probes.js";
export { embedTensors, finishVector, tensorsOf, vectorAt, vectorize } from "./vectorize.js";
