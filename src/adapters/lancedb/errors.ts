/** Says what LanceDB's errors mean; the only place that knows its words. */
import { type ErrorOptions, HeadraceError } from "../../contracts/index.js";

const installCommand = "npm i @lancedb/lancedb apache-arrow@18.1.0";

/** The package, its binary or Arrow cannot be loaded. */
export function packageMissing(cause: unknown): HeadraceError {
  const message = `LanceDB: expected the packages @lancedb/lancedb and apache-arrow, found none that can be loaded (${firstLine(cause)})`;
  return new HeadraceError("part_missing", message, { hint: `Run: ${installCommand}`, cause });
}

export function collectionNotFound(name: string, cause?: unknown): HeadraceError {
  return new HeadraceError("collection_not_found", `collection ${name}: it is not there`, { cause });
}

export function collectionExists(name: string): HeadraceError {
  return new HeadraceError("collection_exists", `collection ${name}: it is there already`);
}

/** A handle of this process is open for writing, or a call of it goes on that could not be stopped. */
export function openHere(name: string): HeadraceError {
  return new HeadraceError("lock_held", `collection ${name}: drop: expected that nobody writes to it, found that this process does`, {
    hint: "Wait until the calls that write to it have ended, and close the collections that are open for writing.",
  });
}

/** What a call of LanceDB (or of the file system below it) threw, as an error of ours; `what` names collection and call. */
export function fromLanceError(what: string, cause: unknown): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  const { code, ...options } = meaningOf(said);
  return new HeadraceError(code, `${what}: ${firstLine(cause)}`, { ...options, cause });
}

interface Meaning extends ErrorOptions {
  readonly code:
    | "disk_full"
    | "collection_not_found"
    | "collection_exists"
    | "store_unavailable"
    | "row_rejected"
    | "usage_invalid"
    | "unexpected";
}

/** The first that fits: LanceDB wraps most errors into one of "IO", also those that come again each time. */
const meanings: readonly (readonly [RegExp, Meaning])[] = [
  [/No space left|ENOSPC|StorageFull|os error 28\b|Disk quota/i, { code: "disk_full" }],
  [/^Table '.*' was not found|Not found: \S*\.lance\/_versions/, { code: "collection_not_found" }],
  [/^Table '.*' already exists/, { code: "collection_exists" }],
  [/^(Table|Connection) .*is closed/, { code: "usage_invalid", hint: "Open the collection again." }],
  [
    /Permission denied|EACCES|EROFS|Read-only file system/i,
    { code: "store_unavailable", scope: "run", retryable: false, hint: "Give the user that runs Headrace permission to write there." },
  ],
  [
    /Not found: |ENOTDIR|Not a directory/,
    {
      code: "store_unavailable",
      scope: "run",
      retryable: false,
      hint: "Check `lancedb.path`: it must be a folder, and its files must be there.",
    },
  ],
  [
    /Resources exhausted/i,
    { code: "unexpected", scope: "run", hint: "Give the process more memory, or lower `async_pipeline.insert_batch_size`; run again." },
  ],
  [/Retryable commit conflict|Commit conflict|Too many concurrent writers/i, { code: "store_unavailable" }],
  [/os error|\bE(IO|MFILE|NFILE|AGAIN|BUSY|STALE)\b|timed? ?out/i, { code: "store_unavailable" }],
  [/Invalid (user )?input|Schema error|Arrow error/i, { code: "row_rejected" }],
];

/** The images are not to blame for what nobody knows: the run ends, instead of trying them one by one and writing them off. */
const unknown: Meaning = {
  code: "unexpected",
  scope: "run",
  hint: "Run the same command again: what is stored is skipped. Should it fail again, report it with the message and the stack.",
};

function meaningOf(said: string): Meaning {
  return meanings.find(([pattern]) => pattern.test(said))?.[1] ?? unknown;
}

/** Longer messages repeat themselves with places in LanceDB's source. */
function firstLine(cause: unknown): string {
  const said = cause instanceof Error ? cause.message : String(cause);
  return said
    .split("\n", 1)[0]!
    .replace(/, \/\S+\.rs:\d+:\d+/g, "")
    .slice(0, 300)
    .trim();
}
