/** Preprocessing in JAX, and preprocessors that users bring. Loads jax-js only when one is opened. */
export { type CustomPreprocessing, loadPreprocessor } from "./custom.js";
export { definePreprocessor, type ImageFunction, type PreprocessorDefinition } from "./define.js";
export { type JaxSection, jaxSection } from "./options.js";
export { type JaxPreprocessor, jaxPreprocessor } from "./preprocessor.js";
