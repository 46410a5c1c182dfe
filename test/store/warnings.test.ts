/** LanceDB's own warnings, in a process of their own: it reads where they go when it is loaded. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { dimension } from "../conformance/store-rows-data.js";
import { openTestStore, type TestStore } from "./stores.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("./warned.js", import.meta.url));

describe("LanceDB's warnings", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  async function said(name: string, environment: Record<string, string>): Promise<string> {
    await (await test.store.create(name, { dimension, metric: "cosine", passport: null, index: "ivf_flat" })).close();
    const { LANCEDB_LOG: _, ...inherited } = process.env;
    const { stderr } = await run(process.execPath, [script, test.path, name], { env: { ...inherited, ...environment } });
    return stderr;
  }

  it("do not reach the terminal, unless the user asks for them", async () => {
    assert.equal(await said("quiet", {}), "");
    assert.match(await said("asked_for", { LANCEDB_LOG: "warn" }), /WARN/);
  });
});
