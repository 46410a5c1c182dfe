/**
 * A reporter of Node's test runner, in lines of JSON: `file`, `name` and `reason` of each test that failed, without the suites of failed
 * tests, and at the end `file` and `durationMs` of each file.
 */
import { stripVTControlCharacters } from "node:util";

const maxReasonLines = 12;
const maxReasonLength = 1500;

export default async function* testEvents(events) {
  const durations = new Map();
  for await (const { type, data } of events) {
    if (type !== "test:fail" && type !== "test:pass") continue;
    // A file that ends before its tests do is reported as a test with the name of the file.
    const file = data.file ?? data.name;
    if (data.nesting === 0) durations.set(file, (durations.get(file) ?? 0) + data.details.duration_ms);
    if (type === "test:pass" || data.details?.error?.failureType === "subtestsFailed") continue;
    yield `${JSON.stringify({ file, name: data.name, reason: reasonOf(data.details?.error) })}\n`;
  }
  for (const [file, durationMs] of durations) yield `${JSON.stringify({ file, durationMs })}\n`;
}

/** The first lines of what failed, with the place in the code. */
function reasonOf(error) {
  const cause = error?.cause ?? error;
  const text = cause?.stack ?? cause?.message ?? String(cause);
  return stripVTControlCharacters(String(text)).slice(0, maxReasonLength).split("\n").slice(0, maxReasonLines).join("\n");
}
