/** Types commands and Tab into the real bash, zsh and fish, and looks at what the shells then run. They must be installed. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { cleanEnvironment, type Workspace, workspace } from "../flow/command.js";

interface Shell {
  /** How the shell is started, without the user's own settings. */
  readonly command: string;
  /** What its user writes into the file of settings. */
  readonly setUp: string;
}

const shells: Readonly<Record<string, Shell>> = {
  bash: { command: "bash --norc --noprofile -i", setUp: "source <(headrace completion bash)" },
  zsh: { command: "zsh -f -i", setUp: "autoload -Uz compinit; compinit -u -D; source <(headrace completion zsh)" },
  fish: { command: "fish --no-config -i", setUp: "headrace completion fish | source" },
};

/** What is typed before Tab, and the arguments that the shell then passes, without a slash at their end: zsh takes it away at Enter. */
const typings: readonly (readonly [typed: string, passed: string])[] = [
  ["coll", "collection"],
  ["collection sta", "collection stats"],
  ["search --min", "search --min-score"],
  ["count --collection ph", "count --collection photos"],
  ["count --collection=ph", "count --collection=photos"],
  ["collection drop ph", "collection drop photos"],
  ["explain store_una", "explain store_unavailable"],
  ["ingest --on-bad-line sk", "ingest --on-bad-line skip"],
  ["ingest pict", "ingest pictures"],
  ["ingest 'two wo", "ingest two words.jpg"],
];

/** Runs the completion for the shells. Prints the arguments of every other command instead of running it. */
const standIn = (bin: string): string => `#!/bin/sh
case "$1" in
  complete | completion) exec '${process.execPath}' '${bin}' "$@" ;;
esac
printf 'ran[%s]\\n' "$*"
`;

for (const [name, shell] of Object.entries(shells)) {
  test(`Tab completes in ${name}`, { timeout: 120_000 }, async () => {
    await using space = await workspace();
    await space.json(0, "collection", "create", "photos");
    await mkdir(join(space.folder, "pictures"));
    await writeFile(join(space.folder, "two words.jpg"), "");
    const terminal = await Terminal.open(space, shell);
    try {
      for (const [typed, passed] of typings) assert.equal(await terminal.complete(typed), passed, `${name}: ${typed}`);
    } finally {
      terminal.close();
    }
  });
}

/** A shell in a terminal of its own, which `script` makes. */
class Terminal {
  #shown = "";

  private constructor(readonly child: ChildProcess) {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#shown += text;
    });
  }

  static async open(space: Workspace, { command, setUp }: Shell): Promise<Terminal> {
    const folder = join(space.folder, "bin");
    await mkdir(folder);
    await writeFile(join(folder, "headrace"), standIn(space.bin), { mode: 0o755 });
    const env = { ...cleanEnvironment(), PATH: `${folder}${delimiter}${process.env["PATH"]}`, TERM: "xterm", HOME: space.folder };
    const terminal = new Terminal(spawn("script", ["-qec", command, "/dev/null"], { cwd: space.folder, env }));
    terminal.#type(`${setUp}\r`);
    terminal.#type("headrace ready\r");
    await terminal.#passed();
    return terminal;
  }

  /** The arguments after Tab and Enter. */
  async complete(typed: string): Promise<string> {
    this.#shown = "";
    this.#type(`headrace ${typed}\t\r`);
    return (await this.#passed()).replace(/[ /]+$/, "");
  }

  close(): void {
    this.child.kill();
  }

  #type(keys: string): void {
    this.child.stdin?.write(keys);
  }

  async #passed(): Promise<string> {
    for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
      const found = /ran\[([^\]]*)\]\r?\n/.exec(this.#shown);
      if (found !== null) return found[1] ?? "";
      await new Promise((fulfil) => setTimeout(fulfil, 50));
    }
    throw new Error(`the shell ran nothing; the terminal shows: ${JSON.stringify(this.#shown)}`);
  }
}
