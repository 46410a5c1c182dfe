/** Reads images that the caller passes as bytes. */
export { dataReader } from "./reader.js";
