/** sharp keeps the image decoder's contract. */
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import { makeConverters } from "../../src/app/decode-workers/converters.js";
import { imageDecoderConformance } from "./image-decoder.js";

imageDecoderConformance("sharp", (options) => sharpDecoder(options, makeConverters()));
