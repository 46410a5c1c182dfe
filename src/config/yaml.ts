/** Loads the YAML package at its first use. It takes a fifth of Headrace's import time, and the defaults do not need it. */
import { createRequire } from "node:module";

const load = createRequire(import.meta.url);

export function yaml(): typeof import("yaml") {
  return load("yaml") as typeof import("yaml");
}

export function toYamlText(settings: object): string {
  return yaml().stringify(settings);
}
