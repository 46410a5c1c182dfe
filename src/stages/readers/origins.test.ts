/** What images do while their server does not answer: they wait, they end the wait of others, or they fail. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { HeadraceError, type ImageRef, type Reader } from "../../contracts/index.js";
import { urlRef } from "../../kit/index.js";
import { Origins } from "./origins.js";

const never = new AbortController().signal;
const limits = { maxBytes: 1_000 };
const quick = { patienceMs: 40, betweenChecksMs: 1, recentMs: 10_000, givenUpPerAnswer: 2 };

/** A network whose hosts can be away. */
function network(patienceMs = quick.patienceMs) {
  const away = new Set<string>();
  const checks: string[] = [];
  const fail = (what: string, ref: ImageRef) =>
    new HeadraceError("source_unreadable", `${ref.uri}: ${what}`, { item: ref.uri, retryable: false });
  const hostOf = ({ location }: ImageRef) => new URL(location).host;
  const reader: Reader = {
    name: "network",
    schemes: ["http"],
    read: async (ref) => {
      if (away.has(hostOf(ref))) throw fail("no answer", ref);
      if (ref.location.endsWith("bad")) throw fail("refused", ref);
      return { bytes: new Uint8Array(1), version: null };
    },
    checkOrigin: async (ref) => {
      checks.push(hostOf(ref));
      if (away.has(hostOf(ref))) throw fail("no answer", ref);
    },
  };
  const patient = new Origins({ ...quick, patienceMs }).reader(reader);
  return { away, checks, read: (host: string, name = "a") => patient.read(urlRef(`http://${host}/${name}`), limits, never) };
}

describe("the images of an origin", () => {
  test("fail by themselves while the origin answers, and while it has never answered", async () => {
    const { away, checks, read } = network();
    away.add("new");
    await assert.rejects(read("new"), { scope: "item", message: /no answer/ });
    assert.deepEqual(checks, []);
    await read("there");
    await assert.rejects(read("there", "bad"), { scope: "item", message: /refused/ });
    assert.deepEqual(checks, ["there"]);
  });

  test("are an outage when it is the only origin, however long that takes", async () => {
    const { away, read } = network();
    await read("one");
    away.add("one");
    for (const endMs = performance.now() + 3 * quick.patienceMs; performance.now() < endMs; ) {
      await setImmediate();
      await assert.rejects(read("one"), { scope: "service", code: "source_unreadable", message: /http:\/\/one has sent images before/ });
    }
    away.clear();
    await read("one");
  });

  test("wait while another origin answers, and are read when theirs comes back", async () => {
    const { away, checks, read } = network(60_000);
    await Promise.all([read("one"), read("two")]);
    away.add("one");
    const waiting = read("one");
    while (checks.length < 3) {
      await read("two");
      await setImmediate();
    }
    away.clear();
    assert.equal((await waiting).bytes.byteLength, 1);
  });

  test("fail when theirs stays away, as many as make room for the images of another, and no more", async () => {
    const { away, checks, read } = network();
    await Promise.all([read("one"), read("two")]);
    away.add("one");
    const first = read("one");
    first.catch(() => undefined);
    while (checks.length === 0) await setImmediate();
    await read("two");
    await assert.rejects(first, {
      scope: "item",
      message: /^http:\/\/one\/a: expected an answer of http:\/\/one, found none for .* while others answer/,
    });
    await assert.rejects(read("one"), { scope: "item" });
    await assert.rejects(read("one"), { scope: "service" });
    await read("two");
    await assert.rejects(read("one"), { scope: "item" });
  });

  test("are an outage when all origins are away", async () => {
    const { away, read } = network();
    await Promise.all([read("one"), read("two")]);
    for (const host of ["one", "two"]) away.add(host);
    const [first, second] = await Promise.allSettled([read("one"), read("two")]);
    const scopes = [first, second].map((result) => (result?.status === "rejected" ? result.reason.scope : "read"));
    assert.deepEqual(scopes, ["service", "service"]);
  });

  test("do not wait when the run is stopped", async () => {
    const stop = new AbortController();
    const origins = new Origins(quick);
    const reader = origins.reader({
      name: "network",
      schemes: ["http"],
      read: async () => {
        if (stop.signal.aborted) throw new HeadraceError("source_unreadable", "no answer");
        return { bytes: new Uint8Array(1), version: null };
      },
      checkOrigin: () => assert.fail("not called"),
    });
    await reader.read(urlRef("http://one/a"), limits, stop.signal);
    stop.abort();
    await assert.rejects(reader.read(urlRef("http://one/a"), limits, stop.signal), { code: "aborted" });
  });
});
