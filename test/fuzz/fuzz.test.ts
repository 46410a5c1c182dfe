/** Twenty mutants of each kind. All 2,000: `npm run fuzz`. */
import { fuzz } from "./fuzz.js";

fuzz(260);
