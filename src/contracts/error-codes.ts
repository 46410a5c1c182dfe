/** The closed list of error codes, each with its meaning and what to do. */

/** How far a failure reaches: one item, its batch, the service behind the stage, or the whole run. */
export type ErrorScope = "item" | "batch" | "service" | "run";

interface CodeDefaults {
  readonly scope: ErrorScope;
  readonly retryable: boolean;
  /** What happened. */
  readonly meaning: string;
  /** What to do. */
  readonly hint: string;
}

const define = (scope: ErrorScope, retryable: boolean, meaning: string, hint: string): CodeDefaults => ({
  scope,
  retryable,
  meaning,
  hint,
});

/** Every code, with its default scope, whether trying again can help, and what to do. `docs/reference/errors.md` is kept equal to it. */
export const errorCodes = {
  source_not_found: define("item", false, "The image is not there (any more).", "Check the path; list the folder again."),
  source_forbidden: define(
    "item",
    false,
    "The system does not allow reading the image.",
    "Give the user that runs Headrace permission to read it.",
  ),
  source_not_file: define(
    "item",
    false,
    "The source is a folder or a device, not a file.",
    "Name a file, or a folder without an image's extension.",
  ),
  source_too_large: define("item", false, "The encoded image is larger than the limit.", "Raise the limit, or leave the image out."),
  source_unreadable: define("item", true, "Reading the image failed.", "Check the disk or the network; run again."),
  image_corrupt: define("item", false, "The image is damaged, truncated or empty.", "Open it in a viewer; fetch it again from its origin."),
  image_unsupported: define(
    "item",
    false,
    "The bytes are not an image in a supported format.",
    "Convert it to JPEG, PNG, WebP, GIF, AVIF, TIFF or SVG.",
  ),
  image_too_large: define(
    "item",
    false,
    "The image has more pixels than `preprocess.max_pixels`.",
    "Raise `preprocess.max_pixels` if the image is trusted.",
  ),
  vector_invalid: define(
    "item",
    false,
    "The model answered with NaN, infinity or only zeros.",
    "Look at the image; check the model with `headrace health`.",
  ),
  metadata_name: define(
    "item",
    false,
    "A metadata key is not a valid or free column name.",
    "Use `[a-z_][a-z0-9_]{0,62}` and none of the built-in column names.",
  ),
  metadata_type: define(
    "item",
    false,
    "A metadata value has another type than its column.",
    "Give the value the type that the collection's column has.",
  ),
  id_invalid: define(
    "item",
    false,
    "The given id cannot be a key of this collection.",
    "Give text, or whole numbers that fit into int64; not both in one collection.",
  ),
  id_duplicate: define(
    "item",
    false,
    "Another image of the same run has this id: the first one keeps it.",
    "Give each image an id of its own, or none.",
  ),
  row_rejected: define("batch", false, "The store refused the rows.", "Read the store's own message; fix the rows that it names."),
  inference_failed: define(
    "batch",
    true,
    "The model raised an error on a batch.",
    "See the message; an image that fails alone is reported alone.",
  ),
  timed_out: define("batch", true, "A call did not finish in its time.", "Raise the timeout, or make the batches smaller."),
  unexpected: define("batch", false, "An error that Headrace does not know.", "Report it with the message and the stack."),
  embedder_unavailable: define(
    "service",
    true,
    "The inference server does not answer.",
    "Start it, check host and port, and run the same command again.",
  ),
  store_unavailable: define(
    "service",
    true,
    "The vector store does not answer.",
    "Start it, check host and port, and run the same command again.",
  ),
  overloaded: define(
    "service",
    true,
    "A service asks for less: rate limit, full queue, busy.",
    "Nothing to do: Headrace slows down and tries again.",
  ),
  outage_too_long: define(
    "run",
    false,
    "A service was away for longer than `max_outage`.",
    "Bring it back; run the same command again: what is stored is skipped.",
  ),
  too_many_failures: define(
    "run",
    false,
    "More items failed than `limits` allows.",
    "Read the dead-letter file; fix the cause, or raise the limit.",
  ),
  aborted: define("run", false, "The run was stopped from outside.", "Run the same command again to go on: what is stored is skipped."),
  source_failed: define("run", false, "Listing the source failed.", "Check that it can be listed; run the same command again."),
  disk_full: define("run", false, "There is no room left to write.", "Free some room; run the same command again."),
  state_unwritable: define(
    "run",
    false,
    "A file that Headrace keeps beside the data cannot be read or written.",
    "Check the path and its permissions; run the same command again.",
  ),
  contract_broken: define(
    "run",
    false,
    "A stage did not give exactly one answer for each item.",
    "Report it to the author of the stage named in the message.",
  ),
  passport_mismatch: define(
    "run",
    false,
    "The collection was made by another model or preprocessing.",
    "Use the settings it was made with, or another collection.",
  ),
  passport_missing: define(
    "run",
    false,
    "The collection does not say which model made it.",
    "Run `headrace collection adopt NAME` with the model that made it.",
  ),
  collection_not_found: define(
    "run",
    false,
    "There is no collection of that name.",
    "See `headrace collection list`; `headrace ingest` creates one.",
  ),
  collection_exists: define("run", false, "There already is a collection of that name.", "Choose another name, or drop it first."),
  collection_foreign: define(
    "run",
    false,
    "The table does not have Headrace's columns.",
    "Use another name, or `headrace collection adopt` where that applies.",
  ),
  dimension_mismatch: define(
    "run",
    false,
    "Vectors and collection differ in dimension.",
    "Use the model that the collection was made with.",
  ),
  name_invalid: define(
    "run",
    false,
    "A name has characters that no store accepts.",
    "Use letters, digits and `_`, at most 64, not starting with a digit.",
  ),
  filter_invalid: define(
    "run",
    false,
    "The filter cannot be parsed.",
    "See docs/guides/filters.md in the package headrace for the language.",
  ),
  query_invalid: define(
    "run",
    false,
    "The query cannot be searched for.",
    "Give an image, a vector of the collection's dimension, or a stored id.",
  ),
  lock_held: define(
    "run",
    false,
    "Another process writes to this collection.",
    "Wait for it, or stop it: the message names host and process.",
  ),
  lock_lost: define(
    "run",
    false,
    "Another process took over the writer's lock.",
    "Run again when no other process writes to the collection.",
  ),
  part_missing: define(
    "run",
    false,
    "A package that this configuration needs is not installed.",
    "Run the command that the message gives.",
  ),
  model_invalid: define(
    "run",
    false,
    "The model cannot be used for embedding images.",
    "See docs/guides/models.md in the package headrace; compare the message with the model's inputs and outputs.",
  ),
  model_mismatch: define(
    "run",
    false,
    "The model and the configuration do not fit together.",
    "Change the setting that the message names.",
  ),
  config_invalid: define(
    "run",
    false,
    "A setting is unknown or has a bad value.",
    "Change the key that the message names; `headrace config` shows all.",
  ),
  config_conflict: define("run", false, "Two settings cannot hold together.", "Change one of the two that the message shows."),
  config_not_found: define("run", false, "The configuration file is not there.", "Check the path given with --config."),
  usage_invalid: define("run", false, "The command or call was not understood.", "See `headrace --help`."),
  input_invalid: define("run", false, "The inputs cannot be used as given.", "See the message for what was expected."),
} as const satisfies Record<string, CodeDefaults>;

export type ErrorCode = keyof typeof errorCodes;
