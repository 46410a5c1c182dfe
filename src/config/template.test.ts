import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { configurationTemplate } from "../app/configuration/configuration-file.js";
import { settingsSchema } from "../app/configuration/settings.js";
import { parseSettings } from "./documents.js";
import { loadSettings } from "./load.js";

const load = (text: string) => loadSettings(settingsSchema, parseSettings(text, "headrace.yaml"), []).value;

describe("the template of the configuration", () => {
  it("changes nothing as it is", () => {
    assert.deepEqual(load(configurationTemplate()), load(""));
  });

  it("with every setting uncommented says what the defaults are", () => {
    const text = configurationTemplate()
      .replace(/^( *)#(?! )([A-Za-z_]+:.*)$/gm, "$1$2")
      .replace(/^# {2}(?! *#)/gm, "  ");
    const given = load(text);
    const sections = { triton: {}, milvus: {}, postgres: {} };
    assert.deepEqual(given, loadSettings(settingsSchema, { path: "x", values: sections, lines: new Map(), empty: new Set() }, []).value);
  });
});
