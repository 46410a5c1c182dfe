import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HeadraceError } from "../../contracts/index.js";
import { bytesUri, fileUri, keyOf, pathOfFileUrl, urlUri } from "./canonical.js";

const invalid = (error: unknown) => HeadraceError.is(error) && error.code === "input_invalid";

test("a key is 128 bits of the URI's SHA-256 in hex", () => {
  assert.equal(keyOf("abc"), "ba7816bf8f01cfea414140de5dae2223");
});

test("a file is named by its absolute path, escaped as a URL", () => {
  assert.equal(fileUri("/photos/a b#1?.jpg"), "file:///photos/a%20b%231%3F.jpg");
  assert.equal(fileUri("/photos/100%.jpg"), "file:///photos/100%25.jpg");
});

test("two spellings of an accented name are two files", () => {
  assert.notEqual(fileUri("/cafe\u0301.jpg"), fileUri("/caf\u00e9.jpg"));
  const naming = { base: "/mnt", as: "photos" };
  assert.equal(fileUri("/mnt/cafe\u0301.jpg", naming), "photos:cafe\u0301.jpg");
  assert.equal(fileUri("/mnt/caf\u00e9.jpg", naming), "photos:caf\u00e9.jpg");
});

test("a named base survives another mount", () => {
  const before = fileUri("/mnt/a/2024/x y.jpg", { base: "/mnt/a", as: "photos" });
  const after = fileUri("/data/b/2024/x y.jpg", { base: "/data/b/", as: "photos" });
  assert.equal(before, "photos:2024/x y.jpg");
  assert.equal(after, before);
});

test("a file outside the named base, a relative path and a bad name are refused", () => {
  assert.throws(() => fileUri("/mnt/b/x.jpg", { base: "/mnt/a", as: "photos" }), invalid);
  assert.throws(() => fileUri("x.jpg"), invalid);
  assert.throws(() => fileUri("/mnt/a/x.jpg", { base: "/mnt/a", as: "a:b" }), invalid);
});

test("a file whose name begins with two dots lies below its base", () => {
  assert.equal(fileUri("/mnt/..x.jpg", { base: "/mnt", as: "photos" }), "photos:..x.jpg");
});

test("any absolute path can be read back from its URI", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1, maxLength: 4 }), (names) => {
      const path = `/${names.map((name) => name.replaceAll(/[/\0]/g, "_")).join("/")}`;
      fc.pre(!path.split("/").some((part) => part === "." || part === ".."));
      assert.equal(pathOfFileUrl(fileUri(path)), path.replace(/(?<=.)\/+$/, "/"));
    }),
  );
});

test("a URL loses fragment, user info, default port and the case of its host", () => {
  assert.equal(urlUri("HTTPS://user:secret@Example.COM:443/a/../b.jpg?x=1#top"), "https://example.com/b.jpg?x=1");
});

test("a presigned URL is the URL without its signature, whoever signed it", () => {
  const plain = "https://host/b/k.jpg?w=a%20b+c";
  const signed = [
    "&X-Amz-Algorithm=AWS4&X-Amz-Expires=60&X-Amz-Signature=00",
    "&X-Goog-Date=1&X-Goog-Signature=00",
    "&Expires=1&Signature=a%2Bb&Key-Pair-Id=K",
    "&sv=2022&se=2030&sr=b&sp=r&sig=a%3D",
  ];
  for (const parameters of signed) assert.equal(urlUri(plain + parameters), plain);
  assert.equal(urlUri("https://host/k.jpg?Signature=1"), "https://host/k.jpg");
});

test("parameters that only look like a signature's stay", () => {
  assert.equal(urlUri("https://host/k.jpg?sp=2&se=x&expires=9"), "https://host/k.jpg?sp=2&se=x&expires=9");
});

test("what is not a URL is refused", () => {
  assert.throws(() => urlUri("not a url"), invalid);
});

test("bytes are named by their content", () => {
  assert.equal(
    bytesUri(new TextEncoder().encode("abc")),
    "sha256:ba7816bf8f01cfea414140de5dae22 23b00361a396177a9cb410ff61f20015ad".replace(" ", ""),
  );
});

test("only file URLs have a path", () => {
  assert.equal(pathOfFileUrl("file:///a%20b.jpg"), "/a b.jpg");
  assert.equal(pathOfFileUrl("https://host/a.jpg"), null);
  assert.throws(() => pathOfFileUrl("file://elsewhere/a.jpg"), invalid);
});
