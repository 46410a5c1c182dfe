import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Endpoint, fromStatus, fromThrown, isTooLarge, succeeded } from "./errors.js";

const endpoint: Endpoint = { address: "db:19530", database: null, from: "milvus.host, milvus.port" };
const status = (error_code: string | number, code: number, reason: string) =>
  fromStatus("upsert", { error_code, code, reason }, endpoint, "row_rejected");
const thrown = (code: number, details: string) =>
  fromThrown("upsert", Object.assign(new Error(details), { code, details }), endpoint, "row_rejected");

describe("errors of Milvus", () => {
  it("asking for less is overloaded, whether by name, by number or by word", () => {
    for (const error of [
      status("RateLimit", 8, "request is rejected by grpc RateLimiter"),
      status(49, 0, "x"),
      status("UnexpectedError", 9, "deny to write"),
      status("MemoryQuotaExhausted", 0, "x"),
      status("UnexpectedError", 65535, "quota exceeded[reason=rate limit exceeded]"),
      thrown(8, "too many requests"),
    ]) {
      assert.deepEqual([error.code, error.scope, error.retryable], ["overloaded", "service", true], error.message);
    }
  });

  it("a server that starts, restarts or lost a node is unavailable", () => {
    for (const error of [
      status("NotReadyServe", 1, "x"),
      status("UnexpectedError", 101, "failed to query: collection not loaded[collection=1]"),
      status("UnexpectedError", 65535, "channel not available"),
      thrown(14, "No connection established. Last error: connect ECONNREFUSED 127.0.0.1:19530"),
      thrown(13, "Received RST_STREAM with code 2"),
      thrown(1, "Call cancelled"),
    ]) {
      assert.deepEqual([error.code, error.scope, error.retryable], ["store_unavailable", "service", true], error.message);
    }
    assert.deepEqual([thrown(4, "Deadline exceeded").code, thrown(4, "").scope], ["timed_out", "service"]);
  });

  it("a collection that is changed by another process at that moment is asked for again, and one that is not there is not", () => {
    for (const reason of ["can't find collection name default:photos", "can't find collection name:photos"]) {
      const error = status(1, 65535, reason);
      assert.deepEqual([error.code, error.retryable], ["store_unavailable", true]);
    }
    for (const error of [
      status("CollectionNotExists", 100, "collection not found[database=default][collection=photos]"),
      status("CollectionNotExists", 0, "can't find collection: photos"),
      status("CollectionNotExists", 100, "can't find collection name:photos"),
    ]) {
      assert.deepEqual([error.code, error.retryable], ["collection_not_found", false]);
    }
  });

  it("a parameter that the server refuses is not a server that is unavailable, whatever the words", () => {
    const words = "index type not match: invalid parameter[expected=STL_SORT][actual=INVERTED]";
    const { code } = fromStatus("create the index", { error_code: "IllegalArgument", code: 1100, reason: words }, endpoint);
    assert.equal(code, "unexpected");
  });

  it("what is not known to blame a row blames the service, and keeps the server's words", () => {
    for (const error of [
      status("UnexpectedError", 12, "service resource insufficient[currentStreamingNode=0]"),
      status("UnexpectedError", 1000, "key not found in the object store"),
      status("UnexpectedError", 1001, "io failed"),
      status("UnexpectedError", 1302, "message queue topic is busy"),
      status("UnexpectedError", 1303, "x"),
      status("UnexpectedError", 65535, "something that nobody has seen before"),
      thrown(2, "stream terminated"),
      thrown(10, "transaction was aborted"),
      thrown(12, "Received HTTP status code 404"),
    ]) {
      assert.deepEqual([error.code, error.scope, error.retryable], ["store_unavailable", "service", true], error.message);
    }
    assert.match(status("UnexpectedError", 65535, "nobody has seen this").message, /nobody has seen this/);
    assert.deepEqual(
      [status("UnexpectedError", 11, "time tick long delay").code, status("UnexpectedError", 11, "x").scope],
      ["overloaded", "service"],
    );
  });

  it("a limit is said to be one, with the setting that raises it", () => {
    const full = fromStatus(
      "create photos",
      { error_code: "UnexpectedError", code: 102, reason: "exceeded the limit number of collections" },
      endpoint,
    );
    assert.deepEqual([full.code, full.scope], ["config_invalid", "run"]);
    assert.match(full.message, /no more collections: exceeded the limit/);
    assert.match(full.hint, /Drop a collection.*limit/);
    assert.match(status("RateLimit", 8, "rate limit exceeded").hint, /quotaAndLimits/);
  });

  it("the rows are to blame only when the server names what does not fit", () => {
    assert.equal(status("UnexpectedError", 65535, "the length(3) of float data should divide the dim(4)").code, "row_rejected");
    for (const code of [1100, 1101, 1102, 1700, 1801]) assert.equal(status("UnexpectedError", code, "x").code, "row_rejected", `${code}`);
    assert.equal(status("IllegalArgument", 1100, "x").code, "row_rejected");
    assert.equal(thrown(3, "x").code, "row_rejected");
    assert.equal(status("DiskQuotaExhausted", 7, "x").code, "disk_full");
    assert.equal(fromThrown("query", new TypeError("x is not a function"), endpoint).code, "unexpected");
  });

  it("a wrong setting is named", () => {
    const cases = [
      [thrown(14, "Name resolution failed for target dns:db:19530"), /milvus\.host/],
      [thrown(14, "connect ECONNREFUSED"), /milvus\.port/],
      [thrown(14, "routines:ssl3_get_record:wrong version number"), /milvus\.secure/],
      [thrown(16, "auth check failure, please check username and password are correct"), /milvus\.token/],
      [status("UnexpectedError", 800, "database not found[database=x]"), /milvus\.database/],
      [status("UnexpectedError", 65535, "invalid index type: GPU_CAGRA"), /milvus\.index_type/],
    ] as const;
    for (const [error, named] of cases) assert.match(error.message, named);
  });

  it("a request that is too large is told from a server that is busy", () => {
    assert.equal(isTooLarge({ code: 8, details: "grpc: received message larger than max (80000000 vs. 67108864)" }), true);
    assert.equal(isTooLarge({ code: 8, details: "too many requests" }), false);
    assert.equal(succeeded({ error_code: "Success", code: 0 }), true);
    assert.equal(succeeded({ error_code: 0, code: 0 }), true);
    assert.equal(succeeded({ error_code: "Success", code: 8 }), false);
  });
});
