import assert from "node:assert/strict";
import { it } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { fromPostgres } from "./errors.js";
import { placeOf } from "./options.js";

const of = (code: string | undefined, message: string) => fromPostgres("collection photos: upsert", { code, message }, "db:5432");

it("the state that the server gives decides the code, and whether to try again", () => {
  for (const [state, code, scope, retryable] of [
    ["42P01", "collection_not_found", "run", false],
    ["28P01", "config_invalid", "run", false],
    ["3D000", "config_invalid", "run", false],
    ["42501", "config_invalid", "run", false],
    ["53100", "disk_full", "run", false],
    ["53300", "overloaded", "service", true],
    ["53200", "overloaded", "service", true],
    ["57014", "timed_out", "service", true],
    ["57P01", "store_unavailable", "service", true],
    ["57P03", "store_unavailable", "service", true],
    ["08006", "store_unavailable", "service", true],
    ["40P01", "store_unavailable", "service", true],
    ["25006", "store_unavailable", "run", false],
    ["22P05", "row_rejected", "batch", false],
    ["54000", "row_rejected", "batch", false],
    ["ECONNREFUSED", "store_unavailable", "service", true],
    ["EAI_AGAIN", "store_unavailable", "service", true],
    ["42601", "unexpected", "run", false],
  ] as const) {
    const error = of(state, "some words");
    assert.deepEqual([error.code, error.scope, error.retryable], [code, scope, retryable], state);
    assert.match(error.message, /^collection photos: upsert: expected success from PostgreSQL at db:5432, found some words$/);
  }
});

it("errors of the driver, which have no state, are a server that is away", () => {
  for (const words of ["Connection terminated unexpectedly", "timeout exceeded when trying to connect"]) {
    assert.equal(of(undefined, words).code, "store_unavailable");
  }
  const own = new HeadraceError("aborted", "stopped");
  assert.equal(fromPostgres("x", own, "db"), own);
});

it("the place of a server is shown without user and password", () => {
  assert.deepEqual(placeOf("postgresql://me:s3cret@db:5433/photos?sslmode=require"), { host: "db:5433", database: "photos" });
  assert.deepEqual(placeOf("postgresql:///photos?host=/run/pg&password=s3cret"), { host: "/run/pg", database: "photos" });
  assert.deepEqual(placeOf("postgres://db"), { host: "db", database: "the user's database" });
});
