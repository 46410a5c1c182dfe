/** Which server gets the next request, and which is left out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { type Endpoint, Endpoints } from "./endpoints.js";
import type { Link } from "./link.js";
import { parseAddress } from "./transport/address.js";

const never = new AbortController().signal;
/** The pool never looks into a link but to close it. */
const link = { connection: { close: async () => {} } } as unknown as Link;
const away = new HeadraceError("embedder_unavailable", "gone");

function pool(count: number, reconnect: (endpoint: Endpoint) => Promise<Link> = async () => Promise.reject(away)): Endpoints {
  const addresses = Array.from({ length: count }, (_, i) => parseAddress(`s${i}:1`));
  const endpoints = new Endpoints(addresses, { reconnect, notify: () => {} });
  for (const endpoint of endpoints.all) endpoint.link = link;
  return endpoints;
}
const hostOf = async (_: Link, { address }: Endpoint) => address.host;

test("the server with the fewest open requests gets the next one", async () => {
  const endpoints = pool(2);
  endpoints.all[0]!.openRequests = 1;
  assert.equal(await endpoints.run(never, hostOf), "s1");
  await endpoints.close();
});

test("a server that is away hands its request to the next, and gets none until it is due", async () => {
  const endpoints = pool(2);
  const asked: string[] = [];
  const work = async (_: Link, { address }: Endpoint) => {
    asked.push(address.host);
    if (address.host === "s0") throw away;
    return "done";
  };
  assert.equal(await endpoints.run(never, work), "done");
  assert.equal(await endpoints.run(never, work), "done");
  assert.deepEqual(asked, ["s0", "s1", "s1"]);
  await endpoints.close();
});

test("an error that blames the batch is thrown at once: another server would say the same", async () => {
  const endpoints = pool(2);
  let calls = 0;
  const failed = new HeadraceError("inference_failed", "bad row");
  const work = async () => {
    calls += 1;
    throw failed;
  };
  await assert.rejects(endpoints.run(never, work), failed);
  assert.equal(calls, 1);
  await endpoints.close();
});

test("overload at one server is tried at the other, and is what all of them being busy is called", async () => {
  const endpoints = pool(2);
  const busy = new HeadraceError("overloaded", "queue full", { retryAfterMs: 50 });
  let calls = 0;
  const work = async () => {
    calls += 1;
    throw busy;
  };
  await assert.rejects(endpoints.run(never, work), busy);
  assert.equal(calls, 2);
  assert.ok(endpoints.all.every((endpoint) => endpoint.away === null));
  await endpoints.close();
});

test("a single server whose connection broke is asked whether it is ready, and gets the request once more", async () => {
  let revived = 0;
  const endpoints = pool(1, async () => {
    revived += 1;
    return link;
  });
  let calls = 0;
  const work = async () => {
    calls += 1;
    if (calls === 1) throw away;
    return "done";
  };
  assert.equal(await endpoints.run(never, work), "done");
  assert.deepEqual([revived, calls], [1, 2]);
  await endpoints.close();
});

test("stopping from outside does not wait for a server that does not answer the probe", async () => {
  let answer = (_: Link) => {};
  const endpoints = pool(1, () => new Promise<Link>((resolve) => (answer = resolve)));
  endpoints.markAway(endpoints.all[0]!, away);
  const controller = new AbortController();
  const pending = endpoints.run(controller.signal, hostOf);
  controller.abort();
  await assert.rejects(pending, (error) => HeadraceError.is(error) && error.code === "aborted");
  answer(link);
  await endpoints.close();
});
