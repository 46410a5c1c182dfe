/** Bodies of jobs that are too much, or that nobody works on: neither memory nor disk keeps them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { JobServer } from "./job-server.js";
import { image } from "./running.js";

test("a multipart body with an unknown field is refused before the rest of it arrives", { timeout: 30_000 }, async () => {
  await using jobs = await JobServer.start();
  const part = '--x\r\nContent-Disposition: form-data; name="junk"\r\n\r\nhello\r\n--x\r\n';
  const head = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000000";
  const answer = await jobs.server.raw(`${head}\r\n\r\n${part}`);
  assert.match(answer, /^HTTP\/1\.1 422 /);
  assert.match(answer, /"code":"request_invalid".*collection, options, ids, metadata/);
});

test("a multipart body has each of its fields once, so that repeated ones do not fill the memory", async () => {
  await using jobs = await JobServer.start();
  const send = (count: number) => {
    const form = new FormData();
    for (let at = 0; at < count; at += 1) form.append("collection", "pets");
    form.append("images", new Blob([Buffer.from(image(1))]), "1.jpg");
    return jobs.server.send("POST", "/v1/jobs", { body: form });
  };
  const { status, body } = await send(300);
  assert.deepEqual([status, body.code], [413, "body_too_large"]);
  assert.equal((await send(1)).status, 202);
});
