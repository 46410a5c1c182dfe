import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Command } from "commander";
import { globSync } from "tinyglobby";
import { buildProgram } from "../../src/cli/program.js";

const pages = ["README.md", ...globSync("docs/guides/*.md").sort()];

describe("the command lines of the documents", () => {
  for (const page of pages) {
    const lines = commandLines(readFileSync(page, "utf8"));
    if (lines.length === 0) continue;

    it(`${page} names commands and options that there are`, async () => {
      for (const line of lines) await parse(line);
    });

    it(`${page} calls the command by npx, so that a line works when it is pasted`, () => {
      assert.deepEqual(
        lines.filter((line) => !line.startsWith("npx ")),
        [],
      );
    });
  }

  it("are told from a command or an option that there is not", async () => {
    await assert.rejects(parse("npx headrace frobnicate"), /frobnicate/);
    await assert.rejects(parse("npx headrace search photos --image cat.jpg"), /--image/);
    await assert.rejects(parse("npx headrace delete --filter 'a == 1'"), /--yes/);
  });
});

/** Lines of code blocks that run the command, with the lines that continue them. */
function commandLines(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```[^\n]*\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block.replace(/\\\n\s*/g, ""));
  return blocks.flatMap((block) => block.split("\n").filter((line) => /^(npx )?headrace /.test(line)));
}

/** Parses a line as the shell and the command would, and runs nothing. */
async function parse(line: string): Promise<void> {
  const program = await buildProgram({ version: "", exit: () => {} });
  let ran: Command | null = null;
  for (const command of allOf(program)) {
    command.configureOutput({ writeErr: () => {}, writeOut: () => {} });
    if (command.commands.length > 0) continue;
    command.action(() => {
      ran = command;
    });
  }
  await assert.doesNotReject(program.parseAsync(words(line), { from: "user" }), `${line} cannot be parsed`);
  const { options = [], opts } = (ran ?? {}) as Partial<Command>;
  const given = opts?.call(ran) ?? {};
  // With an option `--delete`, a command only looks. With an option `--finish`, only this option asks.
  const looks = options.some(({ long }) => long === "--delete" || (long === "--finish" && !("finish" in given)));
  const asks = options.some(({ long }) => long === "--yes") && !looks;
  assert.ok(!asks || "yes" in given || "dryRun" in given, `${line} does nothing without --yes`);
}

function allOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allOf)];
}

/** The words after the command's name, without quotes and comments. */
function words(line: string): readonly string[] {
  const bare = line.replace(/^(npx )?headrace /, "");
  return [...bare.matchAll(/\s#.*$|'([^']*)'|"([^"]*)"|[^\s'"]+/g)]
    .filter(([word]) => !/^\s#/.test(word))
    .map(([word, single, double]) => single ?? double ?? word);
}
