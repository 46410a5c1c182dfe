/** A bucket as the source of a fleet, served by moto: ranges of its keys are shards. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { memoryDecoder, memoryEmbedder, memoryQueue, memoryStore, memoryWork } from "../../../src/adapters/memory/index.js";
import { type DistributeRequest, ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";
import { installMoto, type MotoServer, startMoto } from "../../support/services/moto.js";
import { skipUnless } from "../../support/services/required.js";

const skip = await skipUnless("moto", installMoto);
const collectionName = "photos";
const objects = 1_250;

describe("a fleet that reads a bucket", { skip }, () => {
  let moto: MotoServer;
  let client: S3Client;
  const put = (Bucket: string, Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: `${Bucket} ${Key}` }));
  before(async () => {
    process.env["AWS_ACCESS_KEY_ID"] = "test";
    process.env["AWS_SECRET_ACCESS_KEY"] = "test";
    moto = await startMoto();
    client = new S3Client({ endpoint: moto.url, region: "eu-central-1", forcePathStyle: true });
    for (const Bucket of ["photos", "few"])
      await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-central-1" } }));
    const keys = Array.from({ length: objects }, (_, at) => `${at % 3 === 0 ? "a" : "b/c"}/${String(at).padStart(5, "0")} ü+&.jpg`);
    for (let at = 0; at < keys.length; at += 50) await Promise.all(keys.slice(at, at + 50).map((key) => put("photos", key)));
    await put("photos", "a/notes.txt");
    for (const key of ["1.jpg", "2.jpg", "3.jpg"]) await put("few", key);
  });
  after(async () => {
    client?.destroy();
    await moto?.stop();
  });

  function yard() {
    const [store, work] = [memoryStore(), memoryWork()];
    const queue = () => memoryQueue({ work });
    const withPipeline = async <T>(use: (pipeline: ImageEmbeddingPipeline) => Promise<T>): Promise<T> => {
      const own = { store, decoder: memoryDecoder(), embedder: memoryEmbedder() };
      const config = new ServiceConfig({ s3: { endpoint: moto.url, region: "eu-central-1" } });
      const pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy", own });
      try {
        return await use(pipeline);
      } finally {
        await pipeline.close();
      }
    };
    return {
      queue,
      distribute: (request: Omit<DistributeRequest, "collectionName">) =>
        withPipeline(({ fleet }) => fleet.distribute(queue(), { collectionName, ...request })),
      runWorker: () => withPipeline(async ({ fleet }) => (await fleet.work(queue(), { collectionName })).done),
      ids: async () => {
        const ids = new Set<string>();
        for await (const rows of (await store.openCollection(collectionName, "read")).scan({ vectors: "omit" }))
          for (const { facts } of rows) ids.add(facts.source);
        return ids;
      },
    };
  }

  test("two workers store each object once, and distributing again adds only the shard of a new object", async () => {
    const { queue, distribute, runWorker, ids } = yard();
    const request = { sources: ["s3://photos"], shardItems: 100 };
    assert.deepEqual(await distribute(request), { shards: 13, items: objects, added: 13 });
    assert.equal((await distribute(request)).added, 0);
    const reports = await Promise.all([runWorker(), runWorker()]);
    assert.equal(
      reports.reduce((sum, { stored }) => sum + stored, 0),
      objects,
    );
    assert.equal((await ids()).size, objects);
    await put("photos", "zz.jpg");
    assert.equal((await distribute(request)).added, 1);
    await runWorker();
    assert.equal((await queue().status()).counts.failed, 0);
    assert.ok((await ids()).has("s3://photos/zz.jpg"));
  });

  test("addresses of objects in a list are named one by one, and a prefix in it is cut", async () => {
    const { distribute, runWorker, ids } = yard();
    const stdin = () => Readable.from(["s3://few/1.jpg\ns3://few/3.jpg\ns3://photos/a/\n"]);
    const below = Math.ceil(objects / 3);
    const counts = await distribute({ sources: ["-"], stdin, shardItems: 200 });
    assert.deepEqual(counts, { shards: 1 + Math.ceil(below / 200), items: 2 + below, added: 1 + Math.ceil(below / 200) });
    await runWorker();
    const found = await ids();
    assert.equal(found.size, 2 + below);
    assert.ok(found.has("s3://few/3.jpg"));
  });

  test("a bucket that does not exist ends the distribution with its name", async () => {
    await assert.rejects(yard().distribute({ sources: ["s3://no-such-bucket"] }), { code: "source_failed", message: /no-such-bucket/ });
  });
});
