/** The generated parts of `docs/architecture.md`: who imports whom, and the list of decisions. */
import { readdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type ReferencePage, replaceMarked, table } from "./page.js";

interface ImportRule {
  readonly name: string;
  readonly comment: string;
}

const folder = "docs/decisions";

/** What a room is for; one entry for each room of the import rules. */
const purposes: Readonly<Record<string, string>> = {
  contracts: "types and errors that rooms exchange",
  kit: "what authors of adapters need, whichever room uses it too",
  chain: "from an image to a comparable vector: the parts, and the preprocessing that they agree on",
  engine: "queues, lanes, retries, the byte gate, accounts of time",
  stages: "one step on the way of an image each; strangers to each other",
  filter: "the language of filters: text to tree",
  config: "settings from file, environment and flags; the schema is handed in",
  telemetry: "observers: metrics, traces and logs (none yet)",
  insight: "what the accounted times mean; pure functions",
  adapters: "one folder a vendor; strangers to each other, loaded when used",
  search: "query to vector to hits",
  operations: "one whole task each, made of a source, stages and a sink",
  app: "the library: settings in, pipeline out; the only room that names adapters",
  server: "HTTP",
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
      if (purpose === undefined) throw new Error(`Say in scripts/reference/architecture.ts what the room ${room} is for.`);
      const packages = owned.filter((rule) => rule.name.startsWith(`only-${room}`)).map(packageOf);
      return [`\`${room}\``, purpose, comment.replace(/^.*may import: /, ""), packages.join(", ") || "–"];
    });
  return table(["room", "what it is for", "may import", "packages that it alone may use"], rows);
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
