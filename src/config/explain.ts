/** Lists the effective settings, each with its value and origin. */
import { withoutSecrets } from "./secrets.js";

export interface ExplainedSetting {
  readonly path: string;
  readonly value: unknown;
  /** Where the value was set: "default", a file with a line, an environment variable, or a command-line flag. */
  readonly origin: string;
}

/** Lists every setting that is not a section, in the order of `settings`. Secrets are replaced by `***`. */
export function explainSettings(settings: object, origins: ReadonlyMap<string, string>): readonly ExplainedSetting[] {
  return leaves(settings, "").map(({ path, value }) => ({
    path,
    value: withoutSecrets(value, path),
    origin: originOf(path, origins),
  }));
}

function leaves(value: object, prefix: string): readonly { path: string; value: unknown }[] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    const isBranch = typeof inner === "object" && inner !== null && Object.keys(inner).length > 0 && !Array.isArray(inner);
    return isBranch ? leaves(inner, path) : [{ path, value: inner }];
  });
}

function originOf(path: string, origins: ReadonlyMap<string, string>): string {
  for (let prefix = path; prefix !== ""; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")))) {
    const origin = origins.get(prefix);
    if (origin !== undefined && (prefix === path || !isFileLine(origin))) return origin;
  }
  return "default";
}

/** A section has an origin such as `headrace.yaml:3`. This is not the origin of settings that the section in the file does not contain. */
function isFileLine(origin: string): boolean {
  return /:\d+$/.test(origin);
}
