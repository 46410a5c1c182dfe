/** `docs/reference/errors.md`: every error code, from the closed list in the contracts. */
import { type ErrorScope, errorCodes } from "../../src/contracts/index.js";
import { generatedNote, type ReferencePage, table } from "./page.js";

const scopes: Readonly<Record<ErrorScope, string>> = {
  item: "This image fails and is written to the dead-letter file; the run goes on.",
  batch: "The batch is tried again if that can help, then halved until the image that is to blame is alone.",
  service: "Its stage waits and tries again until the service is back or `max_outage` is over; no image fails for it.",
  run: "Everything stops, in order; what is stored stays, and the same command goes on from there.",
};

export const errorsPage: ReferencePage = { path: "docs/reference/errors.md", render: () => text() };

function text(): string {
  const rows = Object.entries(errorCodes).map(([code, { scope, retryable, meaning, hint }]) => [
    `\`${code}\``,
    scope,
    retryable ? "yes" : "no",
    meaning,
    hint,
  ]);
  return `# Errors

${generatedNote}

Every error that Headrace throws, reports or prints is a \`HeadraceError\` with one of these codes. Check \`code\`, never the message:
messages may change, codes stay. With \`--json\` a command that fails prints \`{"error":{"code","message","hint","item"}}\`.

${table(["scope", "how far a failure reaches"], Object.entries(scopes))}

"Retryable" says whether trying again can help; scope and retryability are the defaults of the code.

${table(["code", "scope", "retryable", "what happened", "what to do"], rows)}

## The dead-letter file

What failed of a collection is in a file of its own in the folder of \`lancedb.path\`, as JSON lines: \`dead-letters/NAME.jsonl\` for LanceDB,
\`dead-letters/milvus/HOST_PORT/DATABASE/NAME.jsonl\` for Milvus.

\`\`\`json
{"source":"file:///photos/a.jpg","id":"0a1b…","code":"image_corrupt","message":"…","attempts":1,"time":"2026-11-24T12:00:00.000Z"}
\`\`\`

An image of a manifest has its \`line\`, \`photos.jsonl:17\`; that is the \`source\` of a line that cannot be used.

There is one entry for each source, the latest. It leaves the file when a later run stores the image or finds it stored; a run that does not
list the source leaves the entry alone. So delete the line, or the file, for an image that will not come back. An empty file is removed. Several runs may write to one file, also of several processes: none of
them drops the lines of another. A line that is no entry is named in a notice, kept, and not counted.
`;
}
