/**
 * Loads the package `yaml` when it is first used. Loading `yaml` would take a fifth of the time to import Headrace, and Headrace without a
 * configuration file does not need the package.
 */
import { createRequire } from "node:module";

const load = createRequire(import.meta.url);

export function yaml(): typeof import("yaml") {
  return load("yaml") as typeof import("yaml");
}

export function toYamlText(settings: object): string {
  return yaml().stringify(settings);
}
