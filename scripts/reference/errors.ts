/** `docs/reference/errors.md`: every error code, from the closed list in the contracts. */
import { errorCodes, scopeMeanings } from "../../src/contracts/index.js";
import { generatedNote, type ReferencePage, table } from "./page.js";

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
change, codes do not. With \`--json\`, a command that fails prints \`{"error":{"code","message","hint","item","retryable","suggestions"}}\`. \`headrace explain CODE\` prints one row of this page.

${table(["scope", "how far a failure reaches"], Object.entries(scopeMeanings))}

"Retryable" says whether a retry can help. The table shows each code's default scope and retryability; a single error can differ.

${table(["code", "scope", "retryable", "what happened", "what to do"], rows)}

## The dead-letter file

Images that failed are listed in a file per collection: [failures](../guides/failures.md#the-dead-letter-file).
`;
}
