/** Preprocessing without dependencies. */
export { nativePreprocessor } from "./preprocessor.js";
