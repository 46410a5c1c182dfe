import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { ErrorRecord } from "../../contracts/index.js";

const withoutSharp = `import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent(\`export function resolve(name, context, next) {
  if (name === "sharp") throw Object.assign(new Error("Cannot find package 'sharp'"), { code: "ERR_MODULE_NOT_FOUND" });
  return next(name, context);
}\`));`;

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
