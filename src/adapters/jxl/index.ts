/** JPEG XL images, with the package @jsquash/jxl. */
export { jxlConverter } from "./converter.js";
