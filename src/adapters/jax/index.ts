/** Preprocessing in JAX, and preprocessors that users bring. Loads jax-js only when one is opened. */
export { type CustomPreprocessing, loadPreprocessor } from "./custom.js";
export { definePreprocessor, type ImageFunction, type PreprocessorDefinition } from "./define.js";
export { JaxPreprocessor, type JaxPreprocessorOptions } from "./preprocessor.js";
