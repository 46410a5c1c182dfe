/** The JAX preprocessor keeps the preprocessor's contract on either thread. */
import { jaxPreprocessor } from "../../src/adapters/jax/index.js";
import { preprocessorConformance } from "./preprocessor.js";

for (const thread of ["main", "worker"] as const) {
  preprocessorConformance(`JAX, ${thread} thread`, (preprocessing) => jaxPreprocessor(preprocessing, { jaxThread: thread }), {
    cannot: ["uint8"],
  });
}
