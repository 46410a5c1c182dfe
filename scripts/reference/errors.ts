/** `docs/reference/errors.md`: every error code, from the closed list in the contracts. */
import { type ErrorScope, errorCodes } from "../../src/contracts/index.js";
import { generatedNote, type ReferencePage, table } from "./page.js";

const scopes: Readonly<Record<ErrorScope, string>> = {
  item: "This image fails and is written to the dead-letter file. The run continues.",
  batch: "The batch is retried if that can help, then halved until the failing image is alone.",
  service: "The stage waits and retries until the service is back or `max_outage` is over. No image fails because of it.",
  run: "Everything stops, in order. Stored rows stay, and the same command continues from there.",
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

Every error that Headrace throws, reports or prints is a \`HeadraceError\` with one of these codes. Check \`code\`, never the message: messages may
change, codes do not. With \`--json\`, a command that fails prints \`{"error":{"code","message","hint","item"}}\`.

${table(["scope", "how far a failure reaches"], Object.entries(scopes))}

"Retryable" says whether a retry can help. The table shows each code's default scope and retryability; a single error can differ.

${table(["code", "scope", "retryable", "what happened", "what to do"], rows)}

## The dead-letter file

Images that failed are listed in a file per collection: [failures](../guides/failures.md#the-dead-letter-file).
`;
}
