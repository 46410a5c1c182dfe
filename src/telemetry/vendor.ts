/** Loads the library for metrics when a server starts. */
import type { Counter, Gauge, Histogram, Registry } from "prom-client";
import { HeadraceError } from "../contracts/index.js";

export interface Vendor {
  readonly Counter: typeof Counter;
  readonly Gauge: typeof Gauge;
  readonly Histogram: typeof Histogram;
  readonly Registry: typeof Registry;
}

/** Throws `part_missing` with the command that installs it. */
export async function loadPromClient(): Promise<Vendor> {
  try {
    return (await import("prom-client")).default;
  } catch (cause) {
    throw new HeadraceError("part_missing", "metrics: expected the package prom-client, found none", {
      hint: "Run: npm install prom-client",
      cause,
    });
  }
}
