/** The section reads as documented, in this project's words and in those of the Python service. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { TritonEmbedder } from "./embedder.js";
import { type TritonEmbedderOptions, tritonSection } from "./options.js";
import { parseAddress } from "./transport/address.js";

test("an empty section has the documented defaults", () => {
  const section = tritonSection.parse({});
  assert.deepEqual(
    [section.url, section.transport, section.timeout, section.maxRetries, section.retryDelay, section.maxOutage],
    ["localhost:8000", "auto", 60, 3, 1, 300],
  );
});

test("`protocol` is another name of `transport`; two that differ are refused", () => {
  assert.equal(tritonSection.parse({ protocol: "grpc" }).transport, "grpc");
  assert.equal(tritonSection.parse({ protocol: "http", transport: "http" }).transport, "http");
  assert.equal(tritonSection.safeParse({ protocol: "http", transport: "grpc" }).success, false);
});

test("a version may be written as a number", () => {
  assert.equal(tritonSection.parse({ modelVersion: 2 }).modelVersion, "2");
});

test("`urls` comes before `url`, which is localhost:8000 where neither is given", async () => {
  const addressed = async (options: TritonEmbedderOptions): Promise<string> => {
    const embedder = new TritonEmbedder({ ...options, caFile: "none.pem" });
    const error: unknown = await embedder.open(AbortSignal.timeout(1_000)).catch((thrown: unknown) => thrown);
    return /found (\S+) without TLS/.exec(String(error))?.[1] ?? String(error);
  };
  assert.equal(await addressed({}), "localhost:8000");
  assert.equal(await addressed({ url: "a:1" }), "a:1");
  assert.equal(await addressed({ url: "a:1", urls: ["b:1", "c:1"] }), "b:1");
});

test("unknown keys and impossible numbers are refused", () => {
  for (const section of [{ modelname: "x" }, { timeout: 0 }, { maxRetries: -1 }, { urls: [] }, { transport: "tcp" }]) {
    assert.equal(tritonSection.safeParse(section).success, false, JSON.stringify(section));
  }
});

test("headers are any that the protocols do not set themselves", () => {
  const headers = { Authorization: "Bearer abc", "x-api_key.v2": "" };
  assert.deepEqual(tritonSection.parse({ headers }).headers, headers);
  for (const wrong of [{ "Content-Type": "x" }, { Host: "x" }, { "a b": "x" }, { "key-bin": "x" }, { a: "line\nbreak" }, { a: 1 }]) {
    assert.equal(tritonSection.safeParse({ headers: wrong }).success, false, JSON.stringify(wrong));
  }
});

test("addresses may be plain, with a scheme, IPv6, with a path", () => {
  const parts = (text: string) => {
    const { host, port, tls, path, scheme } = parseAddress(text);
    return [host, port, tls, path, scheme];
  };
  assert.deepEqual(parts("gpu1"), ["gpu1", 8000, false, "", null]);
  assert.deepEqual(parts("gpu1:9000"), ["gpu1", 9000, false, "", null]);
  assert.deepEqual(parts("https://gpu1/triton/"), ["gpu1", 443, true, "/triton", "http"]);
  assert.deepEqual(parts("grpc://gpu1"), ["gpu1", 8001, false, "", "grpc"]);
  assert.deepEqual(parts("[::1]:8000"), ["::1", 8000, false, "", null]);
});

test("an address that cannot be read is `config_invalid`, without the password that was in it", () => {
  for (const text of ["", "tcp://a:1", "a:99999", "a:b", "http://user:secret@gpu1:8000"]) {
    assert.throws(
      () => parseAddress(text),
      (error) => HeadraceError.is(error) && error.code === "config_invalid" && !error.message.includes("secret"),
      text,
    );
  }
});
