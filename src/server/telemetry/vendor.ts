/** Loads the libraries for metrics and traces when a server starts. */
import type * as Api from "@opentelemetry/api";
import type { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type * as Resources from "@opentelemetry/resources";
import type * as Sdk from "@opentelemetry/sdk-trace-base";
import type { Counter, Gauge, Histogram, Registry } from "prom-client";
import { HeadraceError } from "../../contracts/index.js";

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

export interface OpenTelemetry {
  readonly api: typeof Api;
  readonly resources: typeof Resources;
  readonly sdk: typeof Sdk;
  readonly OTLPTraceExporter: typeof OTLPTraceExporter;
}

const openTelemetry = [
  "@opentelemetry/api@1.9",
  "@opentelemetry/resources@2",
  "@opentelemetry/sdk-trace-base@2",
  "@opentelemetry/exporter-trace-otlp-http@0.223",
];

/** Throws `part_missing` with the command that installs it. */
export async function loadOpenTelemetry(): Promise<OpenTelemetry> {
  try {
    const [api, resources, sdk, { OTLPTraceExporter }] = await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/resources"),
      import("@opentelemetry/sdk-trace-base"),
      import("@opentelemetry/exporter-trace-otlp-http"),
    ]);
    return { api, resources, sdk, OTLPTraceExporter };
  } catch (cause) {
    throw new HeadraceError("part_missing", "traces: expected the packages of OpenTelemetry, found none", {
      hint: `Run: npm install ${openTelemetry.join(" ")}. Or configure no address for traces.`,
      cause,
    });
  }
}
