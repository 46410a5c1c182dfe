/** The main module of the command line. The launcher runs it. */
import { endWithLauncher } from "./process/launcher-watch.js";

endWithLauncher();
// Loaded afterwards: the process must end with its launcher also while it loads the commands.
await import("./command.js");
