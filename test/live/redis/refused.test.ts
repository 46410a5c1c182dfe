/** Servers that cannot keep a queue are refused when the queue is opened, with the reason. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openQueue } from "../../../src/app/index.js";
import type { HeadraceError } from "../../../src/contracts/index.js";
import { freePorts } from "../../support/services/process.js";
import { installRedis, type RedisServer, startRedis } from "../../support/services/redis.js";
import { skipUnless } from "../../support/services/required.js";

const skip = await skipUnless("Redis", installRedis);

describe("the server of a queue", { skip }, () => {
  let redis: RedisServer;
  before(async () => {
    redis = await startRedis(["--requirepass", "secret-password"]);
  });
  after(() => redis?.stop());

  const refusal = async (url: string, collectionName: string | null = "photos"): Promise<HeadraceError> => {
    try {
      await (await openQueue({ url, collectionName })).close();
    } catch (error) {
      return error as HeadraceError;
    }
    return assert.fail("expected a refusal, found none");
  };
  const withPassword = (user: string, password: string) => redis.url.replace("redis://", `redis://${user}:${password}@`);

  it("that does not run is named, without a long wait", async () => {
    const [port] = await freePorts(1);
    const { code, message } = await refusal(`redis://127.0.0.1:${port}`);
    assert.equal(code, "queue_unavailable");
    assert.match(message, new RegExp(`127\\.0\\.0\\.1:${port}: expected an answer, found: .*ECONNREFUSED`));
  });

  it("that wants a password says so, and the message does not contain the given one", async () => {
    assert.equal((await refusal(redis.url)).code, "queue_unusable");
    const { code, message } = await refusal(withPassword("", "wrong-password"));
    assert.equal(code, "queue_unusable");
    assert.match(message, /another user or password/);
    assert.doesNotMatch(message, /wrong-password/);
  });

  it("that grants too few rights refuses a worker before its first shard", async () => {
    await redis.command("AUTH secret-password\r\nACL SETUSER reader on >reader-password ~* +@read +info +ping +hello +client");
    const { code, message } = await refusal(withPassword("reader", "reader-password"));
    assert.equal(code, "queue_unusable");
    assert.match(message, /expected the permission to work on the queue, found: .*NOPERM/);
  });

  it("that drops keys when its memory is full is refused", async () => {
    const small = await startRedis(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    try {
      const { code, message } = await refusal(small.url);
      assert.equal(code, "queue_unusable");
      assert.match(message, /expected maxmemory-policy noeviction, found allkeys-lru/);
    } finally {
      await small.stop();
    }
  });

  it("without work says how to add some", async () => {
    const { code, hint } = await refusal(withPassword("", "secret-password"), null);
    assert.equal(code, "fleet_not_found");
    assert.match(hint, /headrace distribute/);
  });

  it("must be an address of Redis, and a message does not repeat what was given", async () => {
    for (const url of ["localhost:6379", "http://a:secret@b", "redis://"]) {
      const { code, message } = await refusal(url);
      assert.equal(code, "usage_invalid");
      assert.doesNotMatch(message, /secret/);
    }
  });
});
