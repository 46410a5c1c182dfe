/** The reference page: the OpenAPI document as HTML. It has no scripts and loads nothing. */
import { createHash } from "node:crypto";
import type { JsonSchema } from "../wire/openapi-schemas.js";
import type { DocumentedAnswer, MediaType, OpenApiDocument, Operation, Parameter } from "../wire/openapi-shape.js";
import { fieldsOf, typeOf } from "./schema-words.js";

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); --soft: color-mix(in srgb, currentColor 6%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
nav ul { columns: 16rem; padding-left: 1.2rem; }
article { border-top: 1px solid var(--line); padding: 0.5rem 0 1rem; }
h3 { font: 600 1rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); padding: 0.25rem 0.75rem 0.25rem 0; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: 0.75rem; overflow-x: auto; border-radius: 0.4rem; font-size: 0.85rem; }
code { font-family: ui-monospace, monospace; }
small { opacity: 0.75; }
`;

/** The page may use its own style, and nothing else. */
export const referencePagePolicy = `default-src 'none'; frame-ancestors 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`;

export function referencePage({ info, tags, paths, components }: OpenApiDocument): string {
  const { title, version, description } = info as Readonly<Record<string, string>>;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const groups = tags.map((tag) => ({ ...tag, members: operations.filter(({ operation }) => operation.tags.includes(tag.name)) }));
  const index = operations.map(
    ({ method, path, operation }) => `<li><a href="#${operation.operationId}"><code>${method} ${text(path)}</code></a></li>`,
  );
  const sections = groups.map(
    ({ name, description: about, members }) =>
      `<section><h2>${text(name)}</h2><p>${text(about)}</p>${members.map((each) => article(each, components.schemas)).join("")}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}: reference</title>
<style>${style}</style>
</head>
<body>
<header><h1>${text(title)} <small>${text(version)}</small></h1><p>${text(description)} As data: <a href="openapi.json">openapi.json</a>.</p></header>
<nav aria-label="Operations"><ul>${index.join("")}</ul></nav>
<main>${sections.join("")}</main>
</body>
</html>
`;
}

interface Described {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}
type Components = Readonly<Record<string, JsonSchema>>;

function article({ method, path, operation }: Described, components: Components): string {
  const { operationId, summary, parameters = [], requestBody, responses } = operation;
  const scope = operation["x-scope"];
  const bodies = Object.entries(requestBody?.content ?? {}).map(([mediaType, media]) => bodyText(mediaType, media, components));
  return `<article id="${operationId}">
<h3>${method} ${text(path)}</h3>
<p>${text(summary)} <small>${scope === null ? "No API key." : `Scope ${scope}.`}</small></p>
${
  parameters.length === 0
    ? ""
    : table(
        "Parameters",
        ["name", "in", "type", "meaning"],
        parameters.map((each) => parameterRow(each, components)),
      )
}
${bodies.join("")}
${requestBody === undefined ? "" : examplesText(method, path, parameters, requestBody.content)}
${table(
  "Answers",
  ["status", "meaning", "content"],
  Object.entries(responses).map(([status, answer]) => answerRow(status, answer, components)),
)}
</article>`;
}

const parameterRow = ({ name, in: place, schema, description }: Parameter, components: Components): string[] => [
  code(name),
  place,
  text(typeOf(schema, components)),
  text(description),
];

function bodyText(mediaType: string, { schema = {} }: MediaType, components: Components): string {
  const rows = fieldsOf(schema, components).map(({ name, type, isRequired, description }) => [
    code(name),
    `${text(type)}${isRequired ? ", required" : ""}`,
    text(description),
  ]);
  if (rows.length === 0) return `<p>Body: ${code(mediaType)}, the bytes of the file.</p>`;
  return table(`Body: ${mediaType}`, ["field", "type", "meaning"], rows);
}

function examplesText(
  method: string,
  path: string,
  parameters: readonly Parameter[],
  content: Readonly<Record<string, MediaType>>,
): string {
  const filled = parameters.reduce((url, { name, example }) => url.replace(`{${name}}`, encodeURIComponent(String(example))), path);
  return Object.values(content["application/json"]?.examples ?? {})
    .map(({ value }) => {
      const json = JSON.stringify(value).replaceAll("'", "'\\''");
      return `<pre>curl -X ${method} http://127.0.0.1:8080${text(filled)} \\\n  -H 'content-type: application/json' \\\n  -d '${text(json)}'</pre>`;
    })
    .join("");
}

function answerRow(status: string, { description, content = {} }: DocumentedAnswer, components: Components): string[] {
  const bodies = Object.entries(content).map(([mediaType, { schema = {} }]) => {
    const names = fieldsOf(schema, components).map(({ name }) => code(name));
    return `${text(mediaType)}${names.length === 0 || status >= "400" ? "" : `: ${names.join(", ")}`}`;
  });
  return [status, text(description), bodies.join("; ")];
}

/** The cells are HTML. */
function table(caption: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = header.map((cell) => `<th scope="col">${cell}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("");
  return `<h4>${text(caption)}</h4><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

const code = (value: string): string => `<code>${text(value)}</code>`;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const text = (value = ""): string => value.replace(/[&<>"]/g, (character) => entities[character] ?? "");
