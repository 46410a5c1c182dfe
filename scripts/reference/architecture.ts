/** The generated parts of `docs/architecture.md`: who imports whom, and the list of decisions. */
import { readdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type ReferencePage, replaceMarked, table } from "./page.js";

interface ImportRule {
  readonly name: string;
  readonly comment: string;
}

const folder = "docs/decisions";

/** The purpose of each room of the import rules. */
const purposes: Readonly<Record<string, string>> = {
  contracts: "types and errors that rooms exchange",
  kit: "what several rooms need; `src/kit-for-adapters.ts` exports what authors of adapters may use",
  chain: "from an image to a comparable vector: the parts, and the preprocessing they agree on",
  engine: "queues, lanes, retries, the byte gate, time accounting",
  stages: "the steps of a run for images, one file per step; they do not import each other",
  filter: "the filter language: from text to tree",
  config: "settings from file, environment and flags; the caller passes the schema",
  insight: "what the accounted times mean; pure functions",
  adapters: "one folder per vendor, loaded when used; they do not import each other",
  sources: "from what a person names to images with keys: listings, lists, tables, archives, copies of remote files, failures",
  fleet: "work that many machines share: shards, the plan, what a worker holds",
  operations: "whole tasks, each made of a source, stages and a sink",
  app: "the library: settings in, pipeline out; chooses which adapters to use",
  server: "the HTTP service: routes, schemas, API keys, problems, jobs, metrics, traces",
  mcp: "the collections as tools of a language model: what each tool takes, does and tells",
  cli: "commands",
};

export const architecturePage: ReferencePage = {
  path: "docs/architecture.md",
  render: async (current) => replaceMarked(replaceMarked(current, "rooms", roomsTable(await importRules())), "decisions", decisionsList()),
};

async function importRules(): Promise<readonly ImportRule[]> {
  const { default: config } = (await import(pathToFileURL(".dependency-cruiser.mjs").href)) as { default: { forbidden: ImportRule[] } };
  return config.forbidden;
}

function roomsTable(rules: readonly ImportRule[]): string {
  const owned = rules.filter(({ name }) => name.startsWith("only-"));
  const rows = rules
    .filter(({ name }) => name.startsWith("room-"))
    .map(({ name, comment }) => {
      const room = name.slice("room-".length);
      const purpose = purposes[room];
      if (purpose === undefined) throw new Error(`Describe the room ${room} in scripts/reference/architecture.ts.`);
      const packages = owned.filter((rule) => rule.name.startsWith(`only-${room}`)).map(packageOf);
      return [`\`${room}\``, purpose, comment.replace(/^.*may import: /, ""), packages.join(", ") || "–"];
    });
  return table(["room", "purpose", "may import", "packages that only this room may use"], rows);
}

/** "^@grpc/ is used in src/adapters/triton alone": the package as people write it. */
function packageOf({ comment }: ImportRule): string {
  const [pattern = ""] = comment.split(" ");
  return pattern
    .replace(/^\^/, "")
    .replace(/\$$/, "")
    .replace(/[()]/g, "")
    .replaceAll("|", ", ")
    .replace(/([/-])(?=,|$)/g, "$1*");
}

function decisionsList(): string {
  return readdirSync(folder)
    .filter((name) => /^\d{4}-.+\.md$/.test(name))
    .sort()
    .map((name) => {
      const [title = name] = readFileSync(`${folder}/${name}`, "utf8").split("\n");
      return `- [${title.replace(/^# \d+\.? ?/, "")}](decisions/${name})`;
    })
    .join("\n");
}
