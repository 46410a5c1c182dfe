/** A hundred random histories of a file system against what exists. `npm run histories` plays more of them. */
import { describeHistories } from "../support/histories/many.js";

const count = Number(process.env.HEADRACE_HISTORIES ?? 100);
const seed = Number(process.env.HEADRACE_TEST_SEED ?? Date.now() % 1_000_000);

describeHistories({ count, seed });
