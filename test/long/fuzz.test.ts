/** All 2,000 mutants. `npm run fuzz` */
import { fuzz } from "../fuzz/fuzz.js";
import { allMutants } from "../fuzz/mutants.js";

fuzz(allMutants);
