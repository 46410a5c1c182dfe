import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { globSync } from "tinyglobby";
import { ignoredSettings } from "../../src/app/configuration/ignored-settings.js";
import { settingsSchema } from "../../src/app/configuration/settings.js";
import { outline } from "../../src/config/index.js";

const everySource = globSync("src/**/*.ts").sort();
const sources = everySource.filter((path) => !path.endsWith(".test.ts"));
const maxLines = 300;

test("no file of the product is longer than 300 lines", () => {
  const tooLong = sources.map((path) => [path, textOf(path).split("\n").length - 1] as const).filter(([, lines]) => lines > maxLines);
  assert.deepEqual(tooLong, []);
});

test("the product throws HeadraceErrors alone: there is no other new Error", () => {
  const breaches = sources.filter((path) => /\bnew (Type|Range|Syntax)?Error\(/.test(textOf(path)));
  assert.deepEqual(breaches, []);
});

test("no comment begins with Of: it names its thing", () => {
  const breaches = everySource.filter((path) => /(?:\/\*\*?|\/\/|^ *\*) Of /m.test(textOf(path)));
  assert.deepEqual(breaches, []);
});

test("the word is fix, not mend", () => {
  const breaches = [...everySource, ...globSync("docs/**/*.md")].filter((path) => /\bmend(?:s|ed|ing)?\b/i.test(textOf(path)));
  assert.deepEqual(breaches, []);
});

test("messages have one formula, which does not begin with Expected", () => {
  const breaches = sources.filter((path) => /["`]Expected /.test(textOf(path)));
  assert.deepEqual(breaches, []);
});

test("each setting that a text of the product names exists", () => {
  const sections = outline(settingsSchema).filter(({ inner }) => inner.length > 0);
  const settings = new Set(sections.flatMap(({ key, inner }) => inner.map((setting) => `${key}.${setting.key}`)));
  const names = sections.map(({ key }) => key).join("|");
  // Any word with a dot and a name with `_` reads as a setting, but for options of gRPC, keys of preprocessor_config.json and attributes of spans.
  const named = new RegExp(
    `(?<![\\w./"$-])(?!http\\.route|server\\.address)(?:(?:${names})\\.[a-z]+(?:_[a-z]+)*|(?!grpc\\.|size\\.)[a-z]+\\.[a-z]+(?:_[a-z]+)+)(?![\\w(.])`,
    "g",
  );
  const files = /\.(?:yaml|json)$/;
  const unknown = sources.flatMap((path) => {
    const found = quotedTexts(textOf(path)).flatMap((text) => [...text.matchAll(named)].map(([setting]) => setting));
    return found
      .filter((setting) => !settings.has(setting) && !(setting in ignoredSettings) && !files.test(setting))
      .map((setting) => `${path}: ${setting}`);
  });
  assert.deepEqual(unknown, []);
});

/** String and template literals, without what is computed in them. */
function quotedTexts(code: string): readonly string[] {
  return [...code.matchAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)].map(([text]) => text.slice(1, -1).replace(/\$\{[^}]*\}/g, " "));
}

function textOf(path: string): string {
  return readFileSync(path, "utf8");
}
