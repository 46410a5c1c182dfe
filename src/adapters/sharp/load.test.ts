import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { ErrorRecord } from "../../contracts/index.js";

const withoutSharp = `import Module from "node:module";
const resolve = Module._resolveFilename;
Module._resolveFilename = function (name, ...rest) {
  if (name === "sharp") throw Object.assign(new Error("Cannot find module 'sharp'"), { code: "MODULE_NOT_FOUND" });
  return resolve.call(this, name, ...rest);
};`;

test("without sharp, opening the decoder names the package and the command", () => {
  const index = new URL("./index.js", import.meta.url).href;
  const script = `import { sharpDecoder } from ${JSON.stringify(index)};
    try { await sharpDecoder().open(AbortSignal.abort()); } catch (error) { console.log(JSON.stringify(error)); }`;
  const hooks = `data:text/javascript,${encodeURIComponent(withoutSharp)}`;
  const output = execFileSync(process.execPath, ["--import", hooks, "--input-type=module", "--eval", script], { encoding: "utf8" });
  const error = JSON.parse(output) as ErrorRecord;
  assert.equal(error.code, "part_missing");
  assert.equal(error.scope, "run");
  assert.match(error.message, /the package sharp/);
  assert.match(error.hint, /npm i sharp/);
});
