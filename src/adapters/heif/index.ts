/** HEIC images, with the package libheif-js. */
export { heifConverter } from "./converter.js";
