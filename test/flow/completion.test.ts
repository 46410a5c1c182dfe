/** Tab in a shell: the script of `headrace completion`, and what it shows. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { errorCodes } from "../../src/contracts/index.js";
import { cleanEnvironment, ended, type Workspace, workspace } from "./command.js";

/** Calls what bash calls for Tab, and prints the words that bash would offer. */
const pressTab = `
source <(headrace completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_headrace headrace
for word in "\${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done`;

/** The words that bash offers for the last of `words`. */
async function offered(space: Workspace, ...words: readonly string[]): Promise<readonly string[]> {
  const command = join(space.folder, "headrace");
  await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${space.bin}' "$@"\n`, { mode: 0o755 });
  const env = { ...cleanEnvironment(), PATH: `${dirname(command)}${delimiter}${process.env.PATH}` };
  const bash = spawn("bash", ["--norc", "-c", pressTab, "bash", "headrace", ...words], { cwd: space.folder, env });
  const { code, stdout, stderr } = await ended(bash);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

test("commands, their options and the choices of an option are completed", async () => {
  await using space = await workspace();
  assert.deepEqual(await offered(space, "se"), ["search", "serve"]);
  assert.deepEqual(await offered(space, "collection", "a"), ["adopt", "alias"]);
  assert.deepEqual(await offered(space, "collection", "alias", ""), ["set", "drop", "list", "help"]);
  assert.deepEqual(await offered(space, "--set", "a.b=c", "--json", "cou"), ["count"]);
  assert.deepEqual(await offered(space, "search", "photo.jpg", "--t"), ["--text", "--top-k"]);
  assert.deepEqual(await offered(space, "ingest", "--on-bad-line", ""), ["fail", "skip"]);
  assert.deepEqual(await offered(space, "ingest", "--on-bad-line", "=", "s"), ["skip"]);
  assert.deepEqual(await offered(space, "completion", ""), ["bash", "zsh", "fish"]);
  assert.deepEqual(await offered(space, "explain", "store_una"), ["store_unavailable"]);
  assert.deepEqual(await offered(space, "retry", "--code", ""), Object.keys(errorCodes));
});

test("every command is offered once, and the one that the scripts call is not", async () => {
  await using space = await workspace();
  const commands = await offered(space, "");
  assert.ok(commands.length > 35, `${commands.length} commands`);
  assert.equal(new Set(commands).size, commands.length);
  assert.ok(!commands.includes("complete"));
});

test("the collections that exist are completed, with their aliases, and also from the store that the line names", async () => {
  await using space = await workspace();
  const own = ["--set", "lancedb.path=elsewhere"];
  await space.json(0, "collection", "create", "photos");
  await space.json(0, "collection", "create", "products");
  await space.json(0, "collection", "create", "paintings", ...own);
  await space.json(0, "collection", "alias", "set", "pictures", "photos");
  const all = ["photos", "pictures", "products"];
  assert.deepEqual((await offered(space, "count", "--collection", "p")).toSorted(), all);
  assert.deepEqual((await offered(space, "count", "--collection", "=", "p")).toSorted(), all);
  assert.deepEqual((await offered(space, "collection", "drop", "")).toSorted(), all);
  assert.deepEqual(await offered(space, "export", "pr"), ["products"]);
  assert.deepEqual(await offered(space, "count", ...own, "--collection", ""), ["paintings"]);
  assert.deepEqual(await offered(space, "--set", "lancedb.path", "=", "elsewhere", "count", "--collection", "=", ""), ["paintings"]);
  assert.deepEqual(await offered(space, "collection", "create", "p"), [], "a new collection has a name of its own");
});

test("where a file belongs, and where the store cannot be read, the shell is left to complete names of files", async () => {
  await using space = await workspace();
  assert.deepEqual(await offered(space, "ingest", ""), []);
  assert.deepEqual(await offered(space, "ingest", "photos/"), []);
  assert.deepEqual(await offered(space, "--config", ""), []);
  assert.deepEqual(await offered(space, "import", ""), []);
  assert.deepEqual(await offered(space, "search", "--", "--te"), []);
  assert.deepEqual(await offered(space, "count", "--config", resolve("missing.yaml"), "--collection", ""), []);
});
