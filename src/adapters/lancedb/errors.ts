/** Translates LanceDB's errors. No other file matches the text of its messages. */
import { type ErrorOptions, HeadraceError } from "../../contracts/index.js";

const installCommand = "npm i @lancedb/lancedb apache-arrow@18.1.0";

/** The error when the LanceDB package, its native binary, or the Arrow package cannot be loaded. */
export function packageMissing(cause: unknown): HeadraceError {
  const message = `LanceDB: expected the packages @lancedb/lancedb and apache-arrow, found none that can be loaded (${firstLine(cause)})`;
  return new HeadraceError("part_missing", message, { hint: `Run: ${installCommand}`, cause });
}

export function collectionNotFound(name: string, cause?: unknown): HeadraceError {
  return new HeadraceError("collection_not_found", `collection ${name}: expected it to exist, found none`, { cause });
}

export function isCollectionNotFound(error: unknown): boolean {
  return HeadraceError.is(error) && error.code === "collection_not_found";
}

export function collectionExists(name: string): HeadraceError {
  return new HeadraceError("collection_exists", `collection ${name}: expected no collection of this name, found one`);
}

/** The error when the name of a new collection differs from another collection's name by case only. */
export function nameDiffersByCase(name: string, other: string): HeadraceError {
  return new HeadraceError("name_invalid", `collection ${name}: expected a name that differs by more than case, found ${other}`, {
    item: name,
    hint: `Use ${other}, or choose another name. Some disks keep both names in one folder.`,
  });
}

/** The error when this process has the collection open for writing, or when LanceDB still executes an aborted call on the collection. */
export function openHere(name: string): HeadraceError {
  return new HeadraceError("lock_held", `collection ${name}: drop: expected no writer, found that this process writes to it`, {
    hint: "Wait until the calls that write to it have ended, and close the collections that are open for writing.",
  });
}

/** Converts an error of LanceDB or the file system to a `HeadraceError`. `what` names the collection and the call. */
export function fromLanceError(what: string, cause: unknown): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  const { code, ...options } = meaningOf(said);
  return new HeadraceError(code, `${what}: ${firstLine(cause)}`, { ...options, cause });
}

/** Returns true if a file of the table does not exist (any more). */
export function isFileGone(cause: unknown): boolean {
  return cause instanceof Error && /Not found: \S*\.lance\/|Object at location \S*\.lance\/\S* not found/.test(cause.message);
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

/** The first matching pattern decides. LanceDB wraps most errors into an "IO" error, even errors that a retry cannot fix. */
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

/** An unknown error of LanceDB ends the run. A bad image is probably not the cause, so the run must not reject its images one by one. */
const unknown: Meaning = {
  code: "unexpected",
  scope: "run",
  hint: "Run the same command again: images that are stored are skipped. If it fails again, report it with the message and the stack.",
};

function meaningOf(said: string): Meaning {
  return meanings.find(([pattern]) => pattern.test(said))?.[1] ?? unknown;
}

/** Returns only the first line of LanceDB's message. The later lines repeat the message, with positions in LanceDB's source code. */
function firstLine(cause: unknown): string {
  const said = cause instanceof Error ? cause.message : String(cause);
  return said
    .split("\n", 1)[0]!
    .replace(/, \/\S+\.rs:\d+:\d+/g, "")
    .slice(0, 300)
    .trim();
}
