/** docs/guides/serve.md names the routes and the codes that there are, all of them and no others. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { allRoutes } from "../../src/server/routes.js";
import { requestProblems } from "../../src/server/wire/problems.js";

const page = readFileSync("docs/guides/serve.md", "utf8");

test("the guide lists each route with its scope", () => {
  const listed = [...page.matchAll(/^\| `(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE) (\/\S+)` \| (\S+) \|/gm)].map(
    ([, method, path, scope]) => `${method} ${path} ${scope}`,
  );
  const routes = allRoutes.map(({ method, path, scope }) => `${method} ${path} ${scope ?? "–"}`);
  assert.deepEqual(listed, routes);
});

test("the guide lists each code of the service with its status and meaning", () => {
  const listed = [...page.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| (.+?) \|$/gm)].map(([, code, status, title]) => [
    code,
    Number(status),
    title,
  ]);
  assert.deepEqual(
    listed,
    Object.entries(requestProblems).map(([code, { status, title }]) => [code, status, title]),
  );
});
