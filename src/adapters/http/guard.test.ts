/** The guard lets nothing connect to this machine or its networks, and dials nothing itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { makeGuard } from "./guard.js";

const isRefused = (error: unknown): boolean => HeadraceError.is(error) && error.code === "address_refused";

test("a public address of this machine is refused, unless the settings allow it", () => {
  const ownAddresses = () => ["127.0.0.1", "203.1.113.7", "2a00:1450::7"];
  const guard = makeGuard({ network: "public", allow: [] }, { ownAddresses });
  for (const host of ["203.1.113.7", "[2a00:1450::7]", "[::ffff:203.1.113.7]"]) assert.throws(() => guard.checkHost(host), isRefused, host);
  guard.checkHost("203.1.113.8");
  makeGuard({ network: "public", allow: ["203.1.113.7"] }, { ownAddresses }).checkHost("203.1.113.7");
  makeGuard({ network: "any", allow: [] }, { ownAddresses }).checkHost("203.1.113.7");
});

test("a name that leads to this machine is refused, and so is the metadata service of a cloud", () => {
  const guard = makeGuard(
    { network: "public", allow: [] },
    { ownAddresses: () => ["203.1.113.7"], lookup: (_host, _options, callback) => callback(null, [{ address: "203.1.113.7", family: 4 }]) },
  );
  let refusal: unknown;
  guard.lookup("own.example", { all: true }, (error) => {
    refusal = error;
  });
  assert.ok(isRefused(refusal));
  assert.throws(() => makeGuard({ network: "public", allow: [] }).checkHost("168.63.129.16"), isRefused);
});
