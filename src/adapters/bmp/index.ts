/** BMP images. */
export { bmpConverter } from "./converter.js";
