import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";

let folder = "";

/** Runs the built command in the temporary folder. */
function headrace(
  args: readonly string[],
  environment: Record<string, string> = {},
): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve("dist/cli/launcher.js"), ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", ...environment },
  });
  return { code: status, stdout, stderr };
}

describe("headrace init and headrace config", () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "headrace-commands-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("init writes a file that is read as the default file and changes nothing, and refuses to write over it", () => {
    assert.equal(headrace(["init", "--schema", "headrace.schema.json"]).code, 0);
    assert.equal(headrace(["config", "--only", "given"]).stdout, "# All settings have their defaults.\n");
    const text = readFileSync(join(folder, "headrace.yaml"), "utf8");
    assert.match(text, /^# yaml-language-server: \$schema=headrace\.schema\.json\n/);
    writeFileSync(join(folder, "headrace.yaml"), "lancedb: {path: mine}\n");
    const refused = headrace(["init", "--json"]);
    assert.equal(refused.code, 2);
    assert.equal((JSON.parse(refused.stdout) as { error: { code: string } }).error.code, "usage_invalid");
    assert.equal(readFileSync(join(folder, "headrace.yaml"), "utf8"), "lancedb: {path: mine}\n");
    assert.equal(headrace(["init", "--force"]).code, 0);
    assert.doesNotMatch(readFileSync(join(folder, "headrace.yaml"), "utf8"), /mine/);
  });

  it("config shows the origin of each value, prints what can be a file again, and no secret", () => {
    writeFileSync(join(folder, "a.yaml"), "milvus:\n  host: db\n  password: hunter2\n");
    const args = ["config", "--config", "a.yaml", "--set", "milvus.port=1"];
    const { code, stdout } = headrace(args, { HEADRACE_MILVUS__M: "8", HEADRACE_MILVUS__TOKEN: "hunter3" });
    assert.equal(code, 0);
    assert.match(stdout, /^ {2}host: "db" +# a\.yaml:2$/m);
    assert.match(stdout, /^ {2}port: 1 +# --set milvus\.port$/m);
    assert.match(stdout, /^ {2}M: 8 +# HEADRACE_MILVUS__M$/m);
    assert.match(stdout, /^ {2}timeout: 60 +# default$/m);
    assert.doesNotMatch(stdout, /hunter/);
    writeFileSync(join(folder, "b.yaml"), stdout);
    assert.equal(headrace(["config", "--config", "b.yaml"]).code, 0);
  });

  it("a setting without effect is noted on stderr, not on stdout, and not with --quiet", () => {
    const file = ["config", "--config", resolve("test/config/python-service.yaml"), "--json"];
    const loud = headrace(file);
    assert.match(loud.stderr, /without effect: .*auto_id/);
    assert.doesNotThrow(() => JSON.parse(loud.stdout));
    assert.equal(headrace([...file, "--quiet"]).stderr, "");
  });

  it("a wrong file ends with exit code 2 and the line", () => {
    writeFileSync(join(folder, "wrong.yaml"), "milvus:\n  hots: db\n");
    const { code, stderr } = headrace(["ingest", "x.jpg", "--config", "wrong.yaml"]);
    assert.equal(code, 2);
    assert.match(stderr, /"milvus\.hots" \(wrong\.yaml:2\)\. Did you mean "host"\?/);
  });
});

describe("the example configurations", () => {
  const examples = readdirSync("config").filter((file) => file.endsWith(".yaml"));
  for (const file of [...examples.map((name) => join("config", name)), "test/config/specification.yaml"]) {
    it(`${file} loads without a notice`, () => {
      const { status, stderr } = spawnSync(process.execPath, ["dist/cli/launcher.js", "config", "--config", file], { encoding: "utf8" });
      assert.deepEqual([status, stderr], [0, ""]);
    });
  }
});
