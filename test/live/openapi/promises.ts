/** What must be true of all that a server was asked, whatever Schemathesis has checked. */
import assert from "node:assert/strict";
import { allRoutes } from "../../../src/server/routes.js";
import { type Asked, type Party, parties } from "./described-server.js";

/** Fails unless every operation succeeded with its key, was refused before anything else without it, and the server never failed. */
export function assertKept(asked: readonly Asked[]): void {
  const failed = asked.filter(({ status }) => status >= 500);
  assert.deepEqual(failed, [], "the server never fails");
  for (const party of Object.keys(parties) as Party[]) {
    const needsOther = asked.filter((each) => each.party === party && each.scope !== null && !has(party, each.scope));
    const wrong = needsOther.filter(({ status }) => status !== 401 && (status !== 403 || party === "nobody"));
    assert.deepEqual(wrong, [], `${party}: the key is checked before anything else`);
    const names = new Set(needsOther.map(({ operation }) => operation));
    const expected = allRoutes.filter(({ scope }) => scope !== null && !has(party, scope)).map(({ name }) => name);
    assert.deepEqual([...names].sort(), expected.sort(), `${party}: every operation of other keys was tried`);
  }
  // Checks of health that succeed are not logged as requests.
  const succeeded = new Set(asked.filter(({ party, status }) => party === "everything" && status < 300).map(({ operation }) => operation));
  const never = allRoutes.filter(({ name, path }) => !path.startsWith("/health/") && !succeeded.has(name)).map(({ name }) => name);
  assert.deepEqual(never, [], "every operation succeeds");
}

const has = (party: Party, scope: string): boolean => (parties[party] as readonly string[]).includes(scope);
