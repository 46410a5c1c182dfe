/** Reads the data of a page that the command line has saved. */
import assert from "node:assert/strict";
import type { SavedData } from "../../src/cli/pages/saved-data.js";

export function savedData(page: string): SavedData {
  const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1];
  assert.ok(json !== undefined, "the page has no data");
  return JSON.parse(json) as SavedData;
}
