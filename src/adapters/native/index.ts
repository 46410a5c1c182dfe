/** Preprocessing without any package. */
export { nativePreprocessor } from "./preprocessor.js";
