/** Preprocessing in JAX, and preprocessors that users bring. Loads jax-js only when one is opened. */
export { type CustomPreprocessing, loadPreprocessor } from "./custom.js";
export { definePreprocessor, type ImageFunction, type PreprocessorDefinition } from "./define.js";
export { type JaxPreprocessor, type JaxPreprocessorOptions, jaxPreprocessor } from "./preprocessor.js";
