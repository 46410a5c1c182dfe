/** Which command a command line names, and that each command can be loaded alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProgram } from "../program.js";
import { verbOf } from "./verb.js";

test("the first word that is neither an option nor its value names the command", () => {
  assert.equal(verbOf(["count"]), "count");
  assert.equal(verbOf(["--json", "count", "--filter", "a == 1"]), "count");
  assert.equal(verbOf(["--config", "search", "count"]), "count");
  assert.equal(verbOf(["--set", "lancedb.path=x", "--set=a.b=c", "--config=x.yaml", "search", "a.jpg"]), "search");
});

test("without such a word, or with a question about the whole program before it, there is no command", () => {
  for (const args of [[], ["--json"], ["--help"], ["--version", "count"], ["-h", "count"], ["--config"]])
    assert.equal(verbOf(args), undefined);
});

test("a program with one command has the same command as the program with all", async () => {
  const options = { version: "1.0.0", exit: () => {} };
  const all = await buildProgram(options);
  for (const command of all.commands) {
    const alone = await buildProgram({ ...options, only: command.name() });
    assert.deepEqual([alone.commands.length, alone.commands[0]!.helpInformation()], [1, command.helpInformation()]);
  }
});

test("a word that names no command leaves all commands, so that the error can suggest one", async () => {
  const all = await buildProgram({ version: "1.0.0", exit: () => {} });
  for (const only of ["cuont", "toString"]) {
    const program = await buildProgram({ version: "1.0.0", exit: () => {}, only });
    assert.equal(program.commands.length, all.commands.length);
  }
});
