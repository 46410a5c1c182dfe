/** The YAML package, loaded at its first use: it is a fifth of what importing Headrace costs, and defaults alone need none of it. */
import { createRequire } from "node:module";

const load = createRequire(import.meta.url);

export function yaml(): typeof import("yaml") {
  return load("yaml") as typeof import("yaml");
}

/** Settings as a YAML document. */
export function toYamlText(settings: object): string {
  return yaml().stringify(settings);
}
