/** Many random histories of a file system, with everything that people do to it, against what exists. */
import { describeHistories } from "../support/histories/many.js";

const count = Number(process.env.HEADRACE_HISTORIES ?? 1_000);
const seed = Number(process.env.HEADRACE_TEST_SEED ?? Date.now() % 1_000_000);

describeHistories({ count, seed });
