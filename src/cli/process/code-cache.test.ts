/** The compiled code of the command, kept between its runs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const cache = fileURLToPath(new URL("./code-cache.js", import.meta.url));
const sum = "0123456789abcdef";

test("code of versions that nobody has run for a month goes when other code is kept, and files of others stay", () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-code-"));
  try {
    const code = join(folder, "command.cjs");
    writeFileSync(code, "exports.answer = 42;");
    const kept = join(folder, "kept");
    const run = (of: string): void => {
      const script = `import { createRequire } from "node:module"; import { runCached } from ${JSON.stringify(cache)};
        console.log(runCached({ path: ${JSON.stringify(code)}, sum: "${of}" }, createRequire(import.meta.url)).answer);`;
      const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
        encoding: "utf8",
        env: { ...process.env, NODE_COMPILE_CACHE: kept, NODE_DISABLE_COMPILE_CACHE: "" },
      });
      assert.equal(stdout, "42\n", stderr);
    };
    // Node 22 and newer has a folder of its own there.
    const files = () =>
      readdirSync(kept, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name);
    run(sum);
    const [first = ""] = files();
    assert.match(first, new RegExp(`-${sum}$`));
    for (const name of ["other.txt", "v1.2.3-x64-fedcba9876543210", "v1.2.3-x64-fedcba9876543211"]) writeFileSync(join(kept, name), "");
    const longAgo = (Date.now() - 31 * 24 * 60 * 60 * 1_000) / 1_000;
    for (const name of [first, "other.txt", "v1.2.3-x64-fedcba9876543210"]) utimesSync(join(kept, name), longAgo, longAgo);
    const other = first.replace(sum, "00000000000000ff");
    run("00000000000000ff");
    assert.deepEqual(files().sort(), ["other.txt", "v1.2.3-x64-fedcba9876543211", other].sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
