/** `headrace explain`: tells what an error code means and what to do about it. */
import { type Command, Option } from "commander";
import { closest } from "fastest-levenshtein";
import { type ErrorCode, errorCodes, HeadraceError, scopeMeanings } from "../../../contracts/index.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { type OutputOptions, Terminal } from "../../terminal/terminal.js";

export function explainCommand(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("explain")
    .description("tell what an error code means and what to do about it; without a code, list all codes")
    .argument("[code]", "the code, for example: store_unavailable")
    .addOption(new Option("--json", "print one JSON document on stdout and nothing else"))
    .addOption(new Option("--quiet", "print only results and errors"))
    .action((code: string | undefined, options: OutputOptions) => exit(explain(code, options)));
}

function explain(given: string | undefined, options: OutputOptions): ExitCode {
  const all = Object.keys(errorCodes) as ErrorCode[];
  const told = given === undefined ? all : [knownCode(given, all)];
  const text = given === undefined ? told.map(line).join("") : told.map(paragraph).join("");
  new Terminal(options).result({ errors: told.map((code) => ({ code, ...errorCodes[code] })) }, text);
  return exitCodes.ok;
}

/** A code may come as it was printed, in brackets. */
function knownCode(given: string, all: readonly ErrorCode[]): ErrorCode {
  const plain = given.replace(/^\[|\]$/g, "").toLowerCase();
  const found = all.find((code) => code === plain);
  if (found !== undefined) return found;
  const parts = all.filter((code) => plain.length > 2 && code.includes(plain));
  const suggestions = parts.length > 0 ? parts : [closest(plain, [...all])];
  throw new HeadraceError("usage_invalid", `explain: expected an error code, found ${JSON.stringify(given)}`, {
    suggestions,
    hint: `Did you mean ${suggestions.join(" or ")}? Run \`headrace explain\` to list all codes.`,
  });
}

function line(code: ErrorCode): string {
  return `${code.padEnd(widestCode)}  ${errorCodes[code].meaning}\n`;
}

const widestCode = Math.max(...Object.keys(errorCodes).map(({ length }) => length));

function paragraph(code: ErrorCode): string {
  const { meaning, hint, scope, retryable } = errorCodes[code];
  const rows = [
    ["What happened", meaning],
    ["What to do", hint],
    ["How far it reaches", `${scope}. ${scopeMeanings[scope]}`],
    ["Can a retry help?", retryable ? "yes" : "no"],
  ] as const;
  return `${code}\n${rows.map(([name, value]) => `  ${name.padEnd(20)}${value}\n`).join("")}`;
}
