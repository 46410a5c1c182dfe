/** The hidden command `headrace complete -- WORDS`: prints what may stand for the last word. The scripts of the shells call it. */
import type { Command } from "commander";
import { type ErrorCode, errorCodes } from "../../contracts/index.js";
import { type CommonOptions, collect, withPipeline } from "../calls/context.js";
import { type ExitCode, exitCodes } from "../terminal/exit.js";
import { type Choice, type Expected, expectedNext, expectedValue } from "./expected.js";

/** Nobody who presses Tab waits longer for a store. */
const maxWaitMs = 2_000;

/**
 * Prints one line for each word: the word, a tab, what it means. Prints nothing where files belong. `program` has all commands.
 */
export function completeCommand(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("complete", { hidden: true })
    .argument("[words...]")
    .action(async (words: readonly string[]) => exit(await complete(program, words)));
}

async function complete(program: Command, given: readonly string[]): Promise<ExitCode> {
  const words = joinedAtEquals(given);
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? "";
  const [, flag = "", begun = ""] = /^(--[\w-]+)=(.*)$/s.exec(last) ?? [];
  const expected = flag === "" ? expectedNext(program, before, last) : expectedValue(program, before, flag);
  const prefix = flag === "" ? "" : `${flag}=`;
  const typed = flag === "" ? last : begun;
  const choices = (await choicesOf(expected, optionsIn(before))).filter(({ word }) => word.startsWith(typed) && isPlain(word));
  process.stdout.write(choices.map(({ word, description }) => `${prefix}${word}\t${description.replace(/\s+/g, " ")}\n`).join(""));
  return exitCodes.ok;
}

/** Bash takes `--collection=photos` apart: `--collection`, `=`, `photos`. */
function joinedAtEquals(words: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (const [at, word] of words.entries()) {
    if ((word === "=" || words[at - 1] === "=") && joined.length > 0) joined.push(`${joined.pop()}${word}`);
    else joined.push(word);
  }
  return joined;
}

async function choicesOf(expected: Expected, options: CommonOptions): Promise<readonly Choice[]> {
  if (expected.kind === "choices") return expected.choices;
  if (expected.names === "code") return Object.keys(errorCodes).map(codeChoice);
  return collectionValues.has(expected.names) ? await collections(options) : [];
}

/** What commands call the name of a collection, or of an alias. */
const collectionValues: ReadonlySet<string> = new Set(["collection", "name", "alias"]);

function codeChoice(code: string): Choice {
  return { word: code, description: errorCodes[code as ErrorCode].meaning };
}

/** Ends the process if the store does not answer in time. It only reads, so nothing is lost. */
async function collections(options: CommonOptions): Promise<readonly Choice[]> {
  const late = setTimeout(() => process.exit(exitCodes.failed), maxWaitMs);
  try {
    return await withPipeline(options, async (pipeline) => {
      const [stored, aliases] = await Promise.all([pipeline.listCollections(), pipeline.aliases.list()]);
      return [
        ...stored.map(({ name, count }) => ({ word: name, description: `${count} rows` })),
        ...aliases.map(({ alias, collection }) => ({ word: alias, description: `alias of ${collection}` })),
      ];
    });
  } finally {
    clearTimeout(late);
  }
}

/** Where the settings are: `--config` and `--set` of the line that is completed. */
function optionsIn(words: readonly string[]): CommonOptions {
  let options: CommonOptions = {};
  for (const [at, word] of words.entries()) {
    const value = words[at + 1];
    if (value === undefined) continue;
    if (word === "--config") options = { ...options, config: value };
    if (word === "--set") options = { ...options, set: collect(value, options.set) };
  }
  return options;
}

/** A name with other characters would need the quotes of the shell. */
function isPlain(word: string): boolean {
  return /^[\w.-]+$/.test(word);
}
