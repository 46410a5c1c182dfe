/** The services of a Compose file, as far as tests look at them. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

export interface ComposeService {
  readonly image: string;
  readonly command?: string | readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
}

export function composeServices(file: string): Readonly<Record<string, ComposeService>> {
  const { services } = parse(readFileSync(file, "utf8"), { merge: true }) as { readonly services: Record<string, ComposeService> };
  return services;
}
