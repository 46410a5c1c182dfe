/** A service in one process: 10 clients that search by image, and 10 that insert one image a call, on 25,000 rows. */
import { atMost, type BenchSection, type Figure, plain } from "./harness.js";
import { measureScript } from "./processes.js";
import type { Calls, ServeLikeRun } from "./serve-like-run.js";

export async function serveLike(): Promise<BenchSection> {
  const { searchingAlone, searchCpuMs, searching, inserting, acknowledged, stored } = await measureScript<ServeLikeRun>("serve-like-run");
  return {
    name: "serve-like",
    title: "A service in one process: ONNX Runtime and LanceDB, 25,000 rows of 1280 numbers, one VGA JPEG a call",
    command: "npm run bench -- serve-like",
    figures: [
      ...figuresOf("10 clients searching, 10 s", searchingAlone),
      plain("processor time of one search alone, all threads, ms", searchCpuMs.toFixed(1)),
      ...figuresOf("10 clients searching beside 10 inserting, 60 s", searching),
      atMost("searches beside inserts ÷ searches alone, 99th percentiles", searching.p99Ms / searchingAlone.p99Ms, 3, 2),
      ...figuresOf("10 clients inserting beside 10 searching, 60 s", inserting),
      {
        what: "inserts acknowledged, rows more at the end",
        value: `${acknowledged}, ${stored}`,
        promise: "equal",
        isKept: acknowledged === stored,
      },
    ],
  };
}

function figuresOf(who: string, { perSecond, p50Ms, p95Ms, p99Ms, errors }: Calls): readonly Figure[] {
  const codes = Object.entries(errors).map(([code, count]) => `${code} ${count}`);
  return [
    plain(
      `${who}: calls/s; median, 95th, 99th percentile, ms`,
      `${perSecond.toFixed(1)}; ${[p50Ms, p95Ms, p99Ms].map((ms) => ms.toFixed(0)).join(", ")}`,
    ),
    { what: `${who}: errors by code`, value: codes.join(", ") || "none", promise: "none", isKept: codes.length === 0 },
  ];
}
