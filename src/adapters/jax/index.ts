/** Preprocessing in JAX, including users' own preprocessors. jax-js is loaded only when a preprocessor is opened. */
export { type CustomPreprocessing, loadPreprocessor } from "./custom.js";
export { definePreprocessor, type ImageFunction, type PreprocessorDefinition } from "./define.js";
export { type JaxSection, jaxSection } from "./options.js";
export { type JaxPreprocessor, jaxPreprocessor } from "./preprocessor.js";
