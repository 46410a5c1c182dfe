/** Reads and writes `.npy` files for numpy. They contain a collection with all its columns, or only vectors with ids and sources. */
export { linearHead } from "./linear-head.js";
export { openNpyRows } from "./row-source.js";
export { createNpyRows } from "./row-writer.js";
export { parseNpyVector } from "./vector-reader.js";
export { createNpyVectors, type VectorFile } from "./vector-writer.js";
