/** Preprocessing without any package. */
export { NativePreprocessor } from "./preprocessor.js";
