/** The main module of the command line. The launcher runs it. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { keepCompiledPackages, runCached } from "./process/code-cache.js";
import { endWithLauncher } from "./process/launcher-watch.js";

/** The build writes the sum of `command.cjs` here. */
declare const commandSum: string;

/**
 * Lets the heap grow to four times its live size before V8 runs a full garbage collection. By default, V8 runs one after every 8 MB, about
 * every 30 images. Each of these moves the waiting images to the old generation, where only the next full collection frees them. Measured
 * for 2,000 photos: 7 full collections instead of 60. The 60 took 9 % of the processor time.
 * This comes before the commands are loaded, because V8 refuses compiled code that was kept with other flags.
 */
setFlagsFromString("--heap-growing-percent=300");

endWithLauncher();
// Loaded afterwards: the process must end with its launcher also while it loads the commands. The build makes this one file of `command.ts`.
const path = fileURLToPath(new URL("./command.cjs", import.meta.url));
keepCompiledPackages();
runCached({ path, sum: commandSum, importPackage: (specifier) => import(specifier) }, createRequire(path));
