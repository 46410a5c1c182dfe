/** Finds the word of a command line that names the command, before the commands are loaded. Imports nothing. */

/** The options before the command that take a value. */
const optionsWithValue: ReadonlySet<string> = new Set(["--config", "--set"]);

/** Undefined if no word names a command, or if an option before it asks for the help or the version of the whole program. */
export function verbOf(args: readonly string[]): string | undefined {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (!arg.startsWith("-")) return arg;
    if (["--version", "-V", "--help", "-h", "--"].includes(arg)) return undefined;
    if (optionsWithValue.has(arg)) at += 1;
  }
  return undefined;
}
