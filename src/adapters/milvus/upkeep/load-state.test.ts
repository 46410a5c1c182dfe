import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MilvusConnection } from "../connection/client.js";
import { Properties } from "../connection/properties.js";
import { fromStatus } from "../errors.js";
import { LoadState } from "./load-state.js";

const loading = { state: "LoadStateLoading" };
const released = { state: "LoadStateNotLoad" };
const dropped = { state: "LoadStateNotExist" };
const notLoaded = { error_code: "UnexpectedError", code: 101, reason: "collection not loaded[collection=7]" };

describe("waiting for a collection that loads", () => {
  it("ends when another process releases it between two calls", async () => {
    const server = serverWith([loading, released]);
    await server.load.untilLoaded();
    assert.deepEqual(server.asked, ["state", "progress", "state"]);
  });

  it("tells that there is no collection when another process drops it between two calls", async () => {
    const server = serverWith([loading, dropped]);
    await assert.rejects(server.load.untilLoaded(), { code: "collection_not_found" });
    assert.deepEqual(server.asked, ["state", "progress", "state"]);
  });

  it("tells every other failure of the server", async () => {
    const server = serverWith([loading], { error_code: "UnexpectedError", code: 7, reason: "disk quota" });
    await assert.rejects(server.load.untilLoaded(), { code: "disk_full" });
    assert.deepEqual(server.asked, ["state", "progress"]);
  });
});

/** A server that gives these load states, one after the other, and refuses to tell the progress. */
function serverWith(states: readonly { readonly state: string }[], refusal = notLoaded) {
  const asked: string[] = [];
  const left = [...states];
  const endpoint = { address: "db", database: null, from: "milvus.uri" } as const;
  const client = {
    getLoadState: async () => {
      asked.push("state");
      return left.shift() ?? assert.fail("asked too often");
    },
    getLoadingProgress: async () => {
      asked.push("progress");
      throw fromStatus("load photos", refusal, endpoint);
    },
  };
  const connection = {
    maxStallMs: 1000,
    call: async (_what: string, request: (fake: typeof client) => Promise<unknown>) => request(client),
  } as unknown as MilvusConnection;
  return { asked, load: new LoadState(new Properties(connection, "photos")) };
}
