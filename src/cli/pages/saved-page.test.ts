import assert from "node:assert/strict";
import { test } from "node:test";
import { linkTo } from "./saved-page.js";

test("links lead to files and web addresses only, never to a script", () => {
  assert.equal(linkTo("/photos/a b#c.jpg"), "file:///photos/a%20b%23c.jpg");
  assert.equal(linkTo("https://example.org/a.jpg"), "https://example.org/a.jpg");
  for (const source of ["javascript:alert(1)", "JAVASCRIPT://x", "data:text/html,<script>", "tar:photos.tar#a.jpg", "archive:2024/a.jpg"])
    assert.equal(linkTo(source), null, source);
});
