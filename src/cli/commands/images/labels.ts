/** `headrace labels`: lists the words for which the model can be searched. */
import type { Command } from "commander";
import { modelLabels } from "../../../app/index.js";
import type { Label } from "../../../contracts/index.js";
import { type CommonOptions, configOf, terminalOf, withCommonOptions } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

export function labelsCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("labels"))
    .description("list the labels of the model, which `search --text` finds")
    .argument("[word]", "only labels that contain this word")
    .action(async (word: string | undefined, options: CommonOptions) => exit(await runLabels(word, options)));
}

async function runLabels(word: string | undefined, options: CommonOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const labels = await modelLabels(await configOf(options));
  if (labels === null) terminal.note("The model takes any text: it has no list of labels.");
  const shown = (labels ?? []).filter((label) => word === undefined || namesOf(label).some((name) => contains(name, word)));
  terminal.result({ labels: labels === null ? null : shown }, shown.map((label) => `${namesOf(label).join(", ")}\n`).join(""));
  return exitCodes.ok;
}

function namesOf({ text, synonyms }: Label): readonly string[] {
  return [text, ...synonyms];
}

function contains(name: string, word: string): boolean {
  return name.toLowerCase().includes(word.toLowerCase());
}
