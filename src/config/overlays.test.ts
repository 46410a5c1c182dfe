import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { parseSettings } from "./documents.js";
import { explainSettings } from "./explain.js";
import { loadSettings } from "./load.js";
import { environmentOverlays, flagOverlay } from "./overlays.js";

const schema = z.strictObject({
  db: z.strictObject({
    host: z.string().default("localhost"),
    port: z.int().default(1),
    token: z.string().nullable().default(null),
    M: z.int().nullable().default(null),
    m: z.int().nullable().default(null),
    efConstruction: z.int().nullable().default(null).meta({ inFiles: "efConstruction" }),
    mean: z.array(z.number()).default([]),
    headers: z.record(z.string(), z.string()).default({}),
  }),
  log_level: z.string().default("info"),
  extra: z
    .strictObject({ path: z.string().default(".") })
    .nullable()
    .default(null),
  kept: z.strictObject({ path: z.string().default(".") }).prefault({}),
  list: z.array(z.strictObject({})).default([]),
});

const loaded = (text: string, environment: Record<string, string> = {}, flags: readonly string[] = []) =>
  loadSettings(
    schema,
    parseSettings(text, "h.yaml"),
    [...environmentOverlays(schema, environment), ...flags.map((flag) => flagOverlay(schema, flag))],
    { old: false, "db.older": null, "list.*.oldest": null },
  );

describe("settings", () => {
  it("flags go over the environment, which goes over the file, which goes over the defaults", () => {
    const text = "db:\n  host: file\n  port: 2";
    assert.equal(loaded("db: {}").value.db.host, "localhost");
    assert.equal(loaded(text).value.db.host, "file");
    assert.equal(loaded(text, { HEADRACE_DB__HOST: "env" }).value.db.host, "env");
    const { value, origins } = loaded(text, { HEADRACE_DB__HOST: "env" }, ["db.host=flag"]);
    assert.deepEqual([value.db.host, value.db.port], ["flag", 2]);
    const origin = new Map(explainSettings(value, origins).map((setting) => [setting.path, setting.origin]));
    assert.deepEqual([origin.get("db.host"), origin.get("db.port"), origin.get("db.M")], ["--set db.host", "h.yaml:3", "default"]);
  });

  it("keys that are not in snake_case are reached from the environment", () => {
    const { db } = loaded("db: {}", { HEADRACE_DB__M: "16", HEADRACE_DB__m: "8", HEADRACE_DB__EFCONSTRUCTION: "200" }).value;
    assert.deepEqual([db.M, db.m, db.efConstruction], [16, 8, 200]);
    assert.equal(loaded("db: {}", { HEADRACE_DB__EF_CONSTRUCTION: "7" }).value.db.efConstruction, 7);
    assert.equal(loaded("db: {}", { HEADRACE_DB__efConstruction: "9" }).value.db.efConstruction, 9);
  });

  it("text is taken as it is, everything else is read as YAML", () => {
    const { db } = loaded("db: {}", { HEADRACE_DB__TOKEN: "12345", HEADRACE_DB__HOST: "a: *b #c", HEADRACE_DB__MEAN: "[0.5, 1]" }).value;
    assert.deepEqual([db.token, db.host, db.mean], ["12345", "a: *b #c", [0.5, 1]]);
    assert.equal(loaded("db: {token: x}", {}, ["db.token="]).value.db.token, null);
    assert.equal(loaded("db: {token: x}", {}, ["db.token=null"]).value.db.token, null);
  });

  it("a variable at the top counts when it names a setting, and is left alone when it does not", () => {
    assert.equal(loaded("db: {}", { HEADRACE_LOG_LEVEL: "debug", HEADRACE_HOME: "/x" }).value.log_level, "debug");
  });

  it("a misspelt variable is an error that names it", () => {
    assert.throws(() => loaded("db: {}", { HEADRACE_DB__HSOT: "x" }), {
      code: "config_invalid",
      message: 'Unknown setting "db.hsot" (HEADRACE_DB__HSOT). Did you mean "host"?',
    });
  });

  it("an overlay does not hide a section that is no section", () => {
    assert.throws(() => loaded("db: 5", { HEADRACE_DB__HOST: "x" }), /setting "db" /);
  });

  it("a heading with nothing below is a section with its defaults; null is none", () => {
    assert.deepEqual(loaded("db:\nextra:\nkept:").value.extra, { path: "." });
    const { extra, kept } = loaded("db: {}\nextra: null\nkept: null").value;
    assert.deepEqual([extra, kept], [null, { path: "." }]);
    assert.deepEqual(loaded("db: {}\nextra: null", { HEADRACE_EXTRA__PATH: "x" }).value.extra, { path: "x" });
  });

  it("settings without effect are taken out, and one notice names those with another value than the usual one", () => {
    assert.deepEqual(loaded("db: {}\nold: false").notices, []);
    const { value, notices } = loaded("db:\n  older: 3\nold: true\nlist:\n- {oldest: 1}\n- {oldest: null}", {}, ["db.port=7"]);
    assert.deepEqual(notices, [
      'Accepted for files of the Python service, without effect: "old" (h.yaml:3), "db.older" (h.yaml:2), "list.0.oldest" (h.yaml:5).',
    ]);
    assert.equal(value.db.port, 7);
    assert.ok(!("old" in value) && !("older" in value.db));
    assert.match(loaded("db: {}", {}, ["db.older=1"]).notices.join(), /"db\.older" \(--set db\.older\)/);
  });

  it("the names of settings without effect are unknown anywhere else", () => {
    assert.throws(() => loaded("db:\n  old: true"), /"db\.old"/);
  });
});

describe("secrets", () => {
  const secret = "hunter2";
  const attempts: readonly (readonly [what: string, run: () => unknown])[] = [
    ["a number for text", () => loaded(`db:\n  token: [${secret}]`)],
    ["a section of another kind", () => loaded(`db:\n  host: {token: ${secret}}`)],
    ["an anchor that is not there", () => loaded(`db:\n  token: *${secret}`)],
    ["a tag", () => loaded(`db:\n  token: !${secret}`)],
    ["a block header", () => loaded(`db:\n  token: |${secret}\n`)],
    ["a reserved character", () => loaded(`db:\n  token: @${secret}`)],
    ["an address with a password", () => loaded(`db:\n  port: http://root:${secret}@host`)],
    ["a flag without =", () => loaded("db: {}", {}, [`db.token:${secret}`])],
    ["a variable that is no YAML", () => loaded("db: {}", { HEADRACE_DB__PORT: `{${secret}` })],
    ["a header that is no text", () => loaded(`db:\n  headers: {Authorization: [${secret}]}`)],
    ["headers that are no map", () => loaded(`db:\n  headers: "${secret}"`)],
    ["a misspelt key", () => loaded(`db:\n  tokn: ${secret}`)],
  ];
  for (const [what, run] of attempts) {
    it(`are not in the error for ${what}, nor in its causes`, () => {
      assert.throws(run, (error: Error) => {
        for (let part: unknown = error; part instanceof Error; part = part.cause) {
          assert.ok(!`${part.message} ${JSON.stringify(part)}`.includes(secret), part.message);
        }
        return true;
      });
    });
  }

  it("are not in the explanation", () => {
    const { value, origins } = loaded(`db:\n  token: ${secret}\n  host: https://root:${secret}@db`);
    assert.ok(!JSON.stringify(explainSettings(value, origins)).includes(secret));
  });

  it("headers are shown by name, none as none", () => {
    const shown = (text: string) => {
      const { value, origins } = loaded(text);
      return explainSettings(value, origins).filter(({ path }) => path.startsWith("db.headers"));
    };
    assert.deepEqual(
      shown(`db:\n  headers: {X-Api_Key: ${secret}}`).map(({ path, value }) => [path, value]),
      [["db.headers.X-Api_Key", "***"]],
    );
    assert.deepEqual(
      shown("db: {}").map(({ value }) => value),
      [{}],
    );
  });
});
