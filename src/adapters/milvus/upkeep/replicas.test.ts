import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MilvusConnection } from "../connection/client.js";
import { Properties } from "../connection/properties.js";
import { fromStatus } from "../errors.js";
import { LoadState } from "./load-state.js";

const group = "__default_resource_group";

describe("copies of a collection in memory", () => {
  const loads: readonly (readonly [what: string, groups: readonly string[], stored: string | null, request: object])[] = [
    ["one copy in the default group needs no note", [group], null, {}],
    ["two copies in the default group", [group, group], '{"replicas":2,"groups":[]}', { replica_number: 2 }],
    ["one copy in a group of its own", ["fast"], '{"replicas":1,"groups":["fast"]}', { replica_number: 1, resource_groups: ["fast"] }],
    [
      "two copies in two groups",
      ["fast", "big"],
      '{"replicas":2,"groups":["big","fast"]}',
      { replica_number: 2, resource_groups: ["big", "fast"] },
    ],
  ];
  for (const [what, groups, stored, request] of loads) {
    it(`are the same after a release: ${what}`, async () => {
      const server = serverWith(groups);
      await server.load.release();
      assert.equal(server.properties.get("headrace.load") ?? null, stored);
      await server.load.request();
      assert.deepEqual(server.requests, [{ collection_name: "photos", ...request }]);
    });
  }

  it("that an operator reduced to one are one after a release", async () => {
    const server = serverWith([group]);
    server.properties.set("headrace.load", '{"replicas":3,"groups":[]}');
    await server.load.release();
    await server.load.request();
    assert.deepEqual(server.requests, [{ collection_name: "photos", replica_number: 1 }]);
  });

  it("are what the note says if the collection is released already, or its copies may not be seen", async () => {
    for (const words of ["collection not loaded", "permission deny: GetReplicas"]) {
      const server = serverWith(words);
      server.properties.set("headrace.load", '{"replicas":3,"groups":[]}');
      await server.load.release();
      await server.load.request();
      assert.deepEqual(server.requests, [{ collection_name: "photos", replica_number: 3 }], words);
    }
  });
});

/** A server that has one copy of a collection in each of `groups`, or refuses to say so. */
function serverWith(groups: readonly string[] | string) {
  const properties = new Map<string, string>();
  const requests: object[] = [];
  const endpoint = { address: "db", database: null, from: "milvus.uri" } as const;
  const client = {
    describeCollection: async () => ({ collectionID: "1", properties: [...properties].map(([key, value]) => ({ key, value })) }),
    alterCollectionProperties: async (request: { readonly properties: Readonly<Record<string, string>> }) => {
      for (const [key, value] of Object.entries(request.properties)) properties.set(key, value);
    },
    getReplicas: async () => {
      if (typeof groups === "string")
        throw fromStatus("replicas", { error_code: "UnexpectedError", code: 65_535, reason: groups }, endpoint);
      return { replicas: groups.map((resource_group_name) => ({ resource_group_name })) };
    },
    releaseCollection: async () => {},
    loadCollectionAsync: async (request: object) => void requests.push(request),
  };
  const connection = { call: (_: string, ask: (each: typeof client) => unknown) => ask(client) } as unknown as MilvusConnection;
  return { properties, requests, load: new LoadState(new Properties(connection, "photos")) };
}
