/** The complete list of error codes. For each code: what it means and what the user can do. */

/** What an error affects: one item, the batch, the service that the stage uses, or the whole run. */
export type ErrorScope = "item" | "batch" | "service" | "run";

interface CodeDefaults {
  readonly scope: ErrorScope;
  readonly retryable: boolean;
  /** What has happened, in one sentence. */
  readonly meaning: string;
  /** What the user can do about the error. */
  readonly hint: string;
}

const define = (scope: ErrorScope, retryable: boolean, meaning: string, hint: string): CodeDefaults => ({
  scope,
  retryable,
  meaning,
  hint,
});

/** Every error code. For each code: the default scope, whether a retry can succeed, the meaning, and a hint for the user. */
export const errorCodes = {
  source_not_found: define("item", false, "The image does not exist (any more).", "Check the path; list the folder again."),
  source_forbidden: define(
    "item",
    false,
    "The operating system denies access to the image.",
    "Give the user that runs Headrace permission to read it.",
  ),
  source_not_file: define(
    "item",
    false,
    "The source is a folder or a device, not a file.",
    "Name a file, or a folder without an image's extension.",
  ),
  source_too_large: define(
    "item",
    false,
    "The encoded image is larger than `preprocess.max_file_mb`, or a table or an archive from elsewhere is larger than `downloads.max_mb`.",
    "Raise the limit, or leave the image out.",
  ),
  source_unreadable: define("item", true, "Reading the image failed.", "Check the disk or the network; run again."),
  address_refused: define(
    "item",
    false,
    "The URL leads to an address that is not public, and `http.network` is `public`.",
    "If the server is trusted, add its host or network to `http.allow`.",
  ),
  source_refused: define("item", false, "A list from elsewhere names something on this machine.", "Correct the list, or copy it here."),
  image_corrupt: define(
    "item",
    false,
    "The image is damaged, truncated or empty.",
    "Fetch it again from its origin, or store what can be decoded, with `preprocess.damaged: keep`.",
  ),
  image_unsupported: define(
    "item",
    false,
    "The bytes are not an image in a supported format.",
    "Convert it to JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP. See docs/guides/formats.md in the package headrace.",
  ),
  image_too_large: define(
    "item",
    false,
    "The image has more pixels than `preprocess.max_pixels`.",
    "Raise `preprocess.max_pixels` if the image is trusted.",
  ),
  image_crashed_decoder: define(
    "item",
    false,
    "A decode worker died while it read or decoded the image. Other images of the same worker have this error too.",
    "Run again. If the same image fails again, convert it to another format or leave it out.",
  ),
  vector_invalid: define(
    "item",
    false,
    "The embedding contains NaN or infinity, or only zeros.",
    "Look at the image; check the model with `headrace health`.",
  ),
  metadata_name: define(
    "item",
    false,
    "A metadata key is not a valid column name, or is the name of a built-in column.",
    "Use a name that matches `[a-z_][a-z0-9_]{0,62}` and none of the built-in column names.",
  ),
  metadata_type: define(
    "item",
    false,
    "A metadata value does not have the type of its column.",
    "Give the value the type of its column in the collection.",
  ),
  id_invalid: define(
    "item",
    false,
    "The given id cannot be a key of this collection.",
    "Use text ids, or whole numbers that fit into int64. One collection cannot hold both.",
  ),
  id_duplicate: define(
    "item",
    false,
    "Two images of one run have the same id. The first one keeps it.",
    "Give each image an id of its own, or give no ids.",
  ),
  row_rejected: define("batch", false, "The store refused the rows.", "Read the store's own message; fix the rows that it names."),
  inference_failed: define(
    "batch",
    true,
    "The model raised an error on a batch.",
    "Read the message. Headrace splits a failed batch, so that only the images that cause the error fail.",
  ),
  timed_out: define("batch", true, "A call did not finish within its timeout.", "Raise the timeout, or make the batches smaller."),
  unexpected: define("batch", false, "Headrace does not know this error.", "Report it with the message and the stack trace."),
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
    "A service is overloaded: it is busy, its queue is full, or a rate limit was reached.",
    "Nothing to do: Headrace slows down and tries again.",
  ),
  outage_too_long: define(
    "run",
    false,
    "A service was unavailable for longer than `max_outage`.",
    "Restart the service, then run the same command again: it skips what is stored.",
  ),
  too_many_failures: define(
    "run",
    false,
    "More items failed than `limits` allows.",
    "Read the dead-letter file, and fix the cause. Then run `headrace retry` and the same command again.",
  ),
  prune_refused: define(
    "run",
    false,
    "The rows of images that are gone were not deleted, because they are more than the limit or because the source lists no image.",
    "Check that the source is complete and mounted. If the images are really gone, raise `--max-deletions`.",
  ),
  deletion_too_large: define(
    "run",
    false,
    "No row was deleted, because the files of deleted rows would become larger than `deleted.max_mb`.",
    "Raise `deleted.max_mb`, or remove files that `headrace restore NAME` lists and that nobody needs.",
  ),
  aborted: define("run", false, "The caller stopped the run.", "To continue, run the same command again: it skips what is stored."),
  source_failed: define("run", false, "Listing the source failed.", "Check that it can be listed, then run the same command again."),
  disk_full: define("run", false, "No disk space is left.", "Free some space, then run the same command again."),
  state_unwritable: define(
    "run",
    false,
    "A file that Headrace keeps beside the data cannot be read or written.",
    "Check the path and its permissions, then run the same command again.",
  ),
  contract_broken: define(
    "run",
    false,
    "A part broke its contract. For example, a stage did not return exactly one result per item.",
    "Report it to the author of the part that the message names.",
  ),
  passport_mismatch: define(
    "run",
    false,
    "The vectors of the collection were made with another model or preprocessing.",
    "Use the settings that the collection was made with, or move the collection to the new model with `headrace reembed`.",
  ),
  passport_missing: define(
    "run",
    false,
    "The collection has no passport: it is unknown which model made its vectors.",
    "Run `headrace collection adopt NAME` with the model that made it.",
  ),
  collection_not_found: define(
    "run",
    false,
    "No collection has that name.",
    "See `headrace collection list`; `headrace ingest` creates one.",
  ),
  collection_exists: define("run", false, "A collection with that name exists.", "Choose another name, or drop the collection first."),
  collection_aliased: define(
    "run",
    false,
    "An alias names the collection.",
    "Set or drop the alias first: see `headrace collection alias`.",
  ),
  switch_refused: define("run", false, "The new collection must not take over yet.", "See the message. The alias names the old one still."),
  alias_not_found: define("run", false, "No alias has that name.", "See `headrace collection alias list`."),
  collection_foreign: define("run", false, "The table does not have Headrace's columns.", "Use another collection name."),
  dimension_mismatch: define(
    "run",
    false,
    "The vectors and the collection have different dimensions.",
    "Use the model that the collection was made with.",
  ),
  name_invalid: define(
    "run",
    false,
    "A name contains characters that stores do not accept.",
    "Use at most 64 letters, digits and `_`. The first one must not be a digit.",
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
    "The query cannot be used for a search.",
    "Give an image, a vector of the collection's dimension, or the id of a stored row.",
  ),
  word_unknown: define(
    "run",
    false,
    "No label of the model has the word of a text search.",
    "`npx headrace labels` lists the labels. See docs/guides/text.md in the package headrace.",
  ),
  text_unavailable: define(
    "run",
    false,
    "The configured model makes vectors of images only, and no text model is configured.",
    "Use the shipped model, or set `embedder.text`. See docs/guides/text.md in the package headrace.",
  ),
  index_invalid: define(
    "run",
    false,
    "The store cannot build the index.",
    "Name a metadata key that rows have, or a built-in column. The message says what the store can index.",
  ),
  queue_unavailable: define(
    "run",
    false,
    "The server of the work queue does not answer.",
    "Start it, check the address given with --queue, and run the same command again.",
  ),
  queue_unusable: define(
    "run",
    false,
    "The server of the work queue answers, but cannot be used.",
    "The message says what was expected: another version, setting, password or permission.",
  ),
  fleet_not_found: define(
    "run",
    false,
    "The queue has no work for this collection.",
    "Add work with `headrace distribute`, or check --queue and --collection.",
  ),
  lock_held: define(
    "run",
    false,
    "Another process writes to this collection.",
    "Wait for that process, or stop it. The message names its host and process id.",
  ),
  lock_lost: define(
    "run",
    false,
    "Another process has taken over the writer lock.",
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
    "The model and the configuration contradict each other.",
    "Change the setting that the message names.",
  ),
  config_invalid: define(
    "run",
    false,
    "A setting is unknown or has a bad value.",
    "Change the setting that the message names. `headrace config` shows all settings.",
  ),
  config_conflict: define("run", false, "Two settings contradict each other.", "Change one of the two settings that the message names."),
  config_not_found: define("run", false, "The configuration file does not exist.", "Check the path given with --config."),
  usage_invalid: define("run", false, "The command or the call is invalid.", "See `headrace --help`."),
  input_invalid: define("run", false, "The inputs cannot be used.", "The message says what was expected."),
} as const satisfies Record<string, CodeDefaults>;

/** The code of a `HeadraceError`. */
export type ErrorCode = keyof typeof errorCodes;
