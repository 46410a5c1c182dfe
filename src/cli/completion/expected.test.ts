import assert from "node:assert/strict";
import { test } from "node:test";
import { Argument, Command, Option } from "commander";
import { type Expected, expectedNext } from "./expected.js";

function program(): Command {
  const program = new Command("headrace").option("--config <file>");
  const inner = program.command("draw").description("draw pictures").option("--fast").option("-k, --top-k <n>").option("--open [page]");
  inner.addOption(new Option("--colour <name>").choices(["red", "blue"]));
  inner.addArgument(new Argument("<what>").choices(["cat", "dog"])).argument("[files...]");
  program.command("list").argument("<name>");
  return program;
}

/** The words of choices, or the name of the value. */
function next(line: string): readonly string[] | string {
  const words = line.split(" ");
  const expected: Expected = expectedNext(program(), words.slice(0, -1), words.at(-1) ?? "");
  return expected.kind === "choices" ? expected.choices.map(({ word }) => word) : expected.names;
}

test("the value of an option is what follows it, not an argument", () => {
  assert.deepEqual(next("draw --colour "), ["red", "blue"]);
  assert.equal(next("draw --top-k "), "top-k");
  assert.equal(next("draw -k "), "top-k");
  assert.deepEqual(next("draw -k 3 "), ["cat", "dog"]);
  assert.deepEqual(next("draw --fast "), ["cat", "dog"]);
  assert.equal(next("--config "), "config");
  assert.deepEqual(next("--config draw "), ["draw", "list", "help"]);
});

test("an option with an optional value is followed by the value or by the next option", () => {
  assert.equal(next("draw --open "), "open");
  assert.deepEqual(next("draw --open --"), ["--fast", "--top-k", "--open", "--colour", "--help"]);
  assert.deepEqual(next("draw --open --fast "), ["cat", "dog"]);
});

test("arguments come in their order, and the last one repeats if it is a list", () => {
  assert.equal(next("draw cat "), "files");
  assert.equal(next("draw cat a.jpg b.jpg "), "files");
  assert.equal(next("list "), "name");
  assert.deepEqual(next("list photos "), []);
});

test("after --, nothing is an option or a command", () => {
  assert.equal(next("draw cat -- --"), "files");
  assert.equal(next("draw cat -- --colour "), "files");
});

test("a word that is no command is not followed by commands", () => {
  assert.deepEqual(next("drwa "), []);
});
