/**
 * Some histories of a file system against what exists, the same ones in each run and with a clock of their own, so that a change of the code
 * alone can make it fail. `npm run histories` plays a thousand others each time, half of them with the clock of the machine.
 */
import { extent } from "../support/extent.js";
import { describeHistories } from "../support/histories/many.js";

const count = Number(process.env.HEADRACE_HISTORIES ?? extent({ some: 50, all: 100 }));
const seed = Number(process.env.HEADRACE_TEST_SEED ?? extent({ some: 77_001, all: 77_000 }));

describeHistories({ count, seed, clock: "ahead" });
