/** The effective settings as a list of values with their origins. */
import { withoutSecrets } from "./secrets.js";

export interface ExplainedSetting {
  readonly path: string;
  readonly value: unknown;
  /** "default", a file with its line, a variable, or a flag. */
  readonly origin: string;
}

/** Lists every leaf in the order of the settings. Secrets become `***`. */
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

/** The line of a section in a file is not the origin of keys that the section omits. */
function isFileLine(origin: string): boolean {
  return /:\d+$/.test(origin);
}
