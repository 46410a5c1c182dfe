import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromLanceError } from "./errors.js";

const meant = (said: string) => {
  const { code, scope, retryable } = fromLanceError("collection c: upsert", new Error(said));
  return `${code} ${scope} ${retryable ? "again" : "once"}`;
};

describe("an error of LanceDB", () => {
  it("that is unknown, or that a retry cannot fix, ends the run and rejects no image", () => {
    for (const said of [
      "Failed to execute merge insert: GenericFailure, lance error: LanceError(IO): Execution error: Spill has sent an error, /rustc/5/poll.rs:291:44",
      "lance error: LanceError(IO): External error: Resources exhausted: Failed to allocate additional 1.0 GB",
      "Panic in async function",
      "LanceError(Internal): encountered an internal error. Please file a bug report",
      "LanceError(IO): task 12 panicked with message index out of bounds",
      "something new",
    ]) {
      assert.equal(meant(said), "unexpected run once", said);
    }
  });

  it("that can pass is retryable", () => {
    for (const said of [
      "LanceError(IO): Generic LocalFileSystem error: Unable to open file /d/x.lance/data/1.lance: Too many open files (os error 24)",
      "LanceError(IO): Generic LocalFileSystem error: Input/output error (os error 5)",
      "Retryable commit conflict for version 7",
      "operation timed out",
    ]) {
      assert.equal(meant(said), "store_unavailable service again", said);
    }
  });

  it("about the rows rejects the batch", () => {
    assert.equal(meant("lance error: Invalid user input: Schema error: No field named k"), "row_rejected batch once");
  });

  it("about the disk, the folder, or a closed table ends the run", () => {
    assert.equal(meant("LanceError(IO): Generic LocalFileSystem error: No space left on device (os error 28)"), "disk_full run once");
    assert.equal(meant("Unable to create dir /d: Permission denied (os error 13)"), "store_unavailable run once");
    assert.equal(meant("Table x is closed"), "usage_invalid run once");
  });
});
