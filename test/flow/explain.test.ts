/** What the command line tells about itself: its commands, and its errors. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes } from "../../src/contracts/index.js";
import { workspace } from "./command.js";

interface Explained {
  readonly errors: readonly { readonly code: string; readonly meaning: string; readonly hint: string; readonly scope: string }[];
}

test("an error code is explained, also when it is pasted with its brackets", async () => {
  await using space = await workspace();
  for (const given of ["store_unavailable", "[store_unavailable]", "STORE_UNAVAILABLE"]) {
    const { code, stdout } = await space.run("explain", given);
    assert.equal(code, 0);
    const { meaning, hint } = errorCodes.store_unavailable;
    for (const part of [meaning, hint, "The stage waits and retries"]) assert.ok(stdout.includes(part), stdout);
    assert.match(stdout, /Can a retry help\? +yes/);
  }
  const { errors } = await space.json<Explained>(0, "explain", "image_corrupt");
  assert.deepEqual(errors, [{ code: "image_corrupt", ...errorCodes.image_corrupt }]);
});

test("without a code, all codes are listed, one on each line", async () => {
  await using space = await workspace();
  const { stdout } = await space.run("explain");
  assert.deepEqual(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0]),
    Object.keys(errorCodes),
  );
  assert.equal((await space.json<Explained>(0, "explain")).errors.length, Object.keys(errorCodes).length);
});

test("an unknown code is refused with the nearest one", async () => {
  await using space = await workspace();
  const { code, stderr } = await space.run("explain", "store_unavialable");
  assert.equal(code, 2);
  assert.match(stderr, /\[usage_invalid\] explain: expected an error code, found "store_unavialable"\nDid you mean store_unavailable\?/);
  const { error } = await space.json<{ error: { suggestions: readonly string[]; retryable: boolean } }>(2, "explain", "unavailable");
  assert.deepEqual([error.retryable, error.suggestions.includes("store_unavailable")], [false, true]);
});

test("the help begins with the commands of the first day, and has each command once", async () => {
  await using space = await workspace();
  const { stdout } = await space.run("--help");
  const commands = stdout.slice(stdout.indexOf("On the first day:"));
  const names = [...commands.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name);
  assert.deepEqual(names.slice(0, 5), ["ingest", "search", "sync", "serve", "doctor"]);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.length > 35, `${names.length} commands`);
  assert.deepEqual(
    [...stdout.matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading),
    ["Options", "On the first day", "Images", "Words and labels", "Collections", "Several machines", "Speed", "Set up"],
  );
});
