/** The typed-array preprocessor keeps the preprocessor's contract. */
import { nativePreprocessor } from "../../src/adapters/native/index.js";
import { preprocessorConformance } from "./preprocessor.js";

preprocessorConformance("native", (preprocessing) => nativePreprocessor(preprocessing));
