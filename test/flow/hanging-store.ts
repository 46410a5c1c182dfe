/**
 * Loaded before the command (`--import`): the method of LanceDB's tables that HANG_AT names says "hanging" and never ends, and keeps the
 * process alive, as a long native call does.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The command loads LanceDB from this file, which the build makes. */
const built = fileURLToPath(new URL("../../../dist/cli/packages/lancedb.cjs", import.meta.url));

const method = process.env["HANG_AT"] ?? "";

if (process.argv[1]?.endsWith("main.js")) {
  const packages = createRequire(import.meta.url)(built) as Readonly<Record<string, typeof import("@lancedb/lancedb")>>;
  const { connect } = packages["@lancedb/lancedb"]!;
  const folder = await mkdtemp(join(tmpdir(), "headrace-hanging-"));
  const table = await (await connect(folder)).createTable("any", [{ id: 1 }]);
  Object.defineProperty(Object.getPrototypeOf(table), method, {
    value: () => {
      process.stderr.write("hanging\n");
      setInterval(() => {}, 1_000);
      return new Promise(() => {});
    },
  });
  await rm(folder, { recursive: true });
}
