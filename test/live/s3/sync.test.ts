/** `sync` of a bucket, served by moto: a row goes only if the server says that its object is not there. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { openObjectLooks } from "../../../src/adapters/s3/index.js";
import { s3Section } from "../../../src/adapters/s3/options.js";
import { mirror } from "../../flow/mirror.js";
import { installMoto, type MotoServer, startMoto } from "../../support/services/moto.js";
import { skipUnless } from "../../support/services/required.js";

const skip = await skipUnless("moto", installMoto);
const Bucket = "mirrored";

describe("a mirrored bucket", { skip }, () => {
  let moto: MotoServer;
  let client: S3Client;
  const put = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Key) }));
  const remove = (Key: string) => client.send(new DeleteObjectCommand({ Bucket, Key }));
  const s3 = () => s3Section.parse({ endpoint: moto.url, region: "eu-central-1" });

  before(async () => {
    process.env["AWS_ACCESS_KEY_ID"] = "test";
    process.env["AWS_SECRET_ACCESS_KEY"] = "test";
    moto = await startMoto();
    client = new S3Client({ endpoint: moto.url, region: "eu-central-1", forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-central-1" } }));
  });
  after(async () => {
    client.destroy();
    await moto.stop();
  });

  const paths = (...prefixes: readonly string[]) => prefixes.map((prefix) => `s3://${Bucket}/${prefix}`);

  test("loses the rows of objects that are gone, and none of a prefix below which nothing is left", async () => {
    await using made = await mirror({ s3: s3() });
    for (const key of ["a/1.jpg", "a/2.jpg", "a/3.jpg", "b/1.jpg"]) await put(key);
    assert.equal((await made.sync([], { source: { paths: paths("a", "b") } })).stored, 4);
    await remove("a/1.jpg");
    await remove("b/1.jpg");
    const { missing, pruned, kept, failed } = await made.sync([], { source: { paths: paths("a", "b") } });
    assert.deepEqual([missing, pruned, kept, failed], [1, 1, { source_not_found: 1 }, 1]);
    assert.deepEqual(await made.names(), paths("a/2.jpg", "a/3.jpg", "b/1.jpg"));
  });

  test("keeps the row of an object that came after the listing", async () => {
    await using made = await mirror({ s3: s3() });
    for (const key of ["c/1.jpg", "c/2.jpg", "c/3.jpg"]) await put(key);
    await made.sync([], { source: { paths: paths("c") } });
    await remove("c/3.jpg");
    const { pruned, kept } = await made.sync([], {
      source: {
        paths: paths("c"),
        admit: async (ref) => {
          if (ref.uri.endsWith("c/2.jpg")) await put("c/3.jpg");
          return ref;
        },
      },
    });
    assert.deepEqual([pruned, kept], [0, { image_exists: 1 }]);
  });

  test("an object that cannot be looked at is not gone", async () => {
    const looks = await openObjectLooks(s3Section.parse({ endpoint: "http://127.0.0.1:9", region: "eu-central-1", maxRetries: 0 }));
    assert.equal(await looks.look(`s3://${Bucket}/c/1.jpg`, new AbortController().signal), "unclear");
    looks.close();
  });
});
