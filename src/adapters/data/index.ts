/** Images that the caller hands over as bytes. */
export { dataReader } from "./reader.js";
