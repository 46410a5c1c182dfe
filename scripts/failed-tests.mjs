/** A reporter of Node's test runner: one line of JSON for each test that failed, with its file. Suites of failed tests are left out. */
export default async function* failedTests(events) {
  for await (const { type, data } of events) {
    if (type !== "test:fail" || data.details?.error?.failureType === "subtestsFailed") continue;
    // A file that ends before its tests do is reported as a test with the name of the file.
    const file = data.file ?? data.name;
    yield `${JSON.stringify({ file, name: data.name })}\n`;
  }
}
