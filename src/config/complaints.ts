/**
 * Creates error messages for invalid settings. A message contains the key, its origin (such as a line or a variable), what was expected,
 * what was found, and a similar valid key.
 */
import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import { HeadraceError } from "../contracts/index.js";
import { pathInFiles, settingsOf } from "./casing.js";
import { schemaAt, takes } from "./schema-tree.js";
import { shown } from "./secrets.js";

export interface Checked {
  readonly schema: z.ZodType;
  /** The settings, with their names in files. */
  readonly values: unknown;
  readonly origins: ReadonlyMap<string, string>;
  /** Whether the user wrote the settings in a file or in code. Suggested names are spelled accordingly. */
  readonly written: "inFiles" | "inCode";
}

/** Creates one `config_invalid` error for all issues that zod has found. The `item` of the error is the first invalid key. */
export function complaint(issues: readonly z.core.$ZodIssue[], checked: Checked): HeadraceError {
  const unknownFirst = [...issues].sort((a, b) => Number(b.code === "unrecognized_keys") - Number(a.code === "unrecognized_keys"));
  const wrong = unknownFirst.flatMap((issue) => describe(issue, checked));
  const [first] = wrong;
  const message =
    wrong.length === 1 && first !== undefined
      ? first.text
      : `${wrong.length} settings are wrong:\n${wrong.map(({ text }) => `  - ${text}`).join("\n")}`;
  return new HeadraceError("config_invalid", message, first === undefined || first.path === "" ? {} : { item: first.path });
}

/** Returns a suggestion such as ` Did you mean "host"?`. If no known name is similar, returns the list of known names. */
export function nearest(key: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const longer = known.find((name) => key.length > 3 && plain(name).startsWith(plain(key)));
  if (longer !== undefined) return ` Did you mean "${longer}"?`;
  const looks = known.map(plain);
  const look = closest(plain(key), looks);
  const candidate = known[looks.indexOf(look)] ?? look;
  const isNear = distance(plain(key), look) <= Math.max(2, Math.floor(key.length / 3));
  return isNear ? ` Did you mean "${candidate}"?` : ` Known here: ${known.join(", ")}.`;
}

function describe(issue: z.core.$ZodIssue, checked: Checked): readonly { readonly path: string; readonly text: string }[] {
  const { schema, values, origins, written } = checked;
  const place = pathInFiles(schema, issue.path);
  const at = schemaAt(schema, place);
  if (issue.code === "unrecognized_keys") {
    const known = at === undefined ? [] : settingsOf(at).map((setting) => setting[written]);
    return issue.keys.map((key) => {
      const path = [...place, key].join(".");
      return { path, text: `Unknown setting "${path}"${originOf(path, origins)}.${nearest(key, known) || elsewhere(key, schema)}` };
    });
  }
  const path = place.join(".");
  const found = valueAt(values, place);
  const expected = expectation(issue, at);
  return [
    { path, text: `setting "${path}"${originOf(path, origins)}: ${expected}, found ${shown(found, path)}.${suggestion(issue, found)}` },
  ];
}

/** Describes what was expected. If the schema defines a message, returns that message. */
function expectation(issue: z.core.$ZodIssue, at: z.ZodType | undefined): string {
  if (issue.message.startsWith("expected") || issue.code === "custom") return issue.message;
  return at === undefined ? issue.message : `expected ${takes(at)}`;
}

/** Suggests the allowed value that is most similar to the found value. */
function suggestion(issue: z.core.$ZodIssue, found: unknown): string {
  if (issue.code === "invalid_union")
    return (
      issue.errors
        .flat()
        .map((inner) => suggestion(inner, found))
        .find((words) => words !== "") ?? ""
    );
  if (issue.code !== "invalid_value" || typeof found !== "string") return "";
  const near = nearest(found, issue.values.map(String));
  return near.startsWith(" Did") ? near : "";
}

/** Suggests a section for an unknown key at the top level, if the section has a setting with this key. */
function elsewhere(key: string, schema: z.ZodType): string {
  const section = settingsOf(schema).find((each) => settingsOf(each.schema).some(({ inFiles }) => inFiles === key));
  return section === undefined ? "" : ` Did you mean "${section.inFiles}.${key}"?`;
}

/** Returns the origin of the setting. If the setting has no origin, returns the origin of the innermost section around the setting. */
function originOf(path: string, origins: ReadonlyMap<string, string>): string {
  for (let prefix = path; prefix !== ""; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")))) {
    const origin = origins.get(prefix);
    if (origin !== undefined) return ` (${origin})`;
  }
  return "";
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], values);
}

function plain(key: string): string {
  return key.toLowerCase().replace(/[-_ ]/g, "");
}
