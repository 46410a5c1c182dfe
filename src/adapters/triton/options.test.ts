/** The section reads as documented, in this project's words and in those of the Python service. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { parseAddress } from "./address.js";
import { tritonEmbedderOptions, tritonOptions } from "./options.js";

test("an empty section has the documented defaults", () => {
  const section = tritonOptions.parse({});
  assert.deepEqual(
    [section.url, section.transport, section.timeout, section.max_retries, section.retry_delay, section.max_outage],
    ["localhost:8000", "auto", 60, 3, 1, 300],
  );
  const options = tritonEmbedderOptions(section);
  assert.deepEqual([options.urls, options.timeoutMs], [["localhost:8000"], 60_000]);
});

test("`protocol` is another name of `transport`; two that differ are refused", () => {
  assert.equal(tritonOptions.parse({ protocol: "grpc" }).transport, "grpc");
  assert.equal(tritonOptions.parse({ protocol: "http", transport: "http" }).transport, "http");
  assert.equal(tritonOptions.safeParse({ protocol: "http", transport: "grpc" }).success, false);
});

test("a version may be written as a number, and `urls` comes before `url`", () => {
  const options = tritonEmbedderOptions(tritonOptions.parse({ model_version: 2, url: "a:1", urls: ["b:1", "c:1"] }));
  assert.deepEqual([options.modelVersion, options.urls], ["2", ["b:1", "c:1"]]);
});

test("unknown keys and impossible numbers are refused", () => {
  for (const section of [{ modelname: "x" }, { timeout: 0 }, { max_retries: -1 }, { urls: [] }, { transport: "tcp" }]) {
    assert.equal(tritonOptions.safeParse(section).success, false, JSON.stringify(section));
  }
});

test("headers are any that the protocols do not set themselves", () => {
  const headers = { Authorization: "Bearer abc", "x-api_key.v2": "" };
  assert.deepEqual(tritonEmbedderOptions(tritonOptions.parse({ headers })).headers, headers);
  for (const wrong of [{ "Content-Type": "x" }, { Host: "x" }, { "a b": "x" }, { "key-bin": "x" }, { a: "line\nbreak" }, { a: 1 }]) {
    assert.equal(tritonOptions.safeParse({ headers: wrong }).success, false, JSON.stringify(wrong));
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
