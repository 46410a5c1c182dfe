import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { test } from "node:test";
import { imageExtension } from "./image-extension.js";

const folders = ["golden", "reference/images", "formats/images"].map((name) => join("test", "fidelity", name));

test("pictures of all formats get the extension of their bytes, whatever their name", () => {
  const usual: Readonly<Record<string, string>> = { jpeg: "jpg", tiff: "tif", heif: "heic", hif: "heic" };
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const seen = new Set<string>();
  for (const file of files) {
    const extension = extname(file).slice(1);
    const wanted = usual[extension] ?? extension;
    if (!["jpg", "png", "gif", "webp", "tif", "bmp", "avif", "heic", "jxl"].includes(wanted)) continue;
    assert.equal(imageExtension(readFileSync(file), "photo.txt"), wanted, file);
    seen.add(wanted);
  }
  assert.ok(seen.size >= 7, [...seen].join());
});

test("other formats keep the extension of their source, without anything else of it", () => {
  assert.equal(imageExtension(Buffer.from("<svg/>"), "file:///a/b.SVG"), "svg");
  assert.equal(imageExtension(Buffer.from("x"), "https://h/a.php?x=1/../../etc"), "bin");
  assert.equal(imageExtension(new Uint8Array(0), "no name"), "bin");
});
