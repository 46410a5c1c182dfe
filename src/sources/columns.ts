/** Decides what the columns of a table are: the image, the id, and metadata. */
import { HeadraceError, type TableColumn } from "../contracts/index.js";
import { metadataNameLike, plainName } from "../kit/index.js";

/** The columns that a user has named. */
export interface ColumnChoice {
  /** The column with the image: a path, a URL, or the bytes. Default: the first column with a usual name. */
  readonly image?: string;
  /** The column with the id. Default: `id` or `image_id`, if the table has such a column. */
  readonly id?: string;
  /** The columns that become metadata. Default: all others. */
  readonly metadata?: readonly string[];
}

/** A column of a table that is not stored. */
export interface LeftOutColumn {
  readonly column: string;
  /** Why, such as "bytes". */
  readonly reason: string;
}

export interface ColumnPlan {
  readonly image: number;
  /** null: the ids are derived from the images. */
  readonly id: number | null;
  readonly metadata: readonly { readonly at: number; readonly key: string }[];
  /** The columns that could not become metadata. Nobody has named them. */
  readonly leftOut: readonly LeftOutColumn[];
  /** The names of all columns that are read. */
  readonly read: readonly string[];
}

const bytesNames = ["image", "image_bytes", "bytes", "img", "jpg", "jpeg", "png", "webp", "picture", "photo", "data", "content"];
const pathNames = [
  ...["input", "path", "image_path", "img_path", "file_path", "filepath", "file", "file_name", "filename", "image_file", "image"],
  ...["url", "image_url", "img_url", "imageurl", "image_uri", "uri", "s3_uri", "s3_key", "photo_url", "photo", "img", "picture", "src"],
];
const idNames = ["id", "image_id"];

/** Throws `input_invalid`, with the names of all columns, if there is no column for the image or a chosen column is missing. */
export function planColumns(columns: readonly TableColumn[], choice: ColumnChoice, table: string): ColumnPlan {
  const image = choice.image === undefined ? usualImage(columns, table) : named(columns, choice.image, "--image-column", table);
  const id = choice.id === undefined ? usual(columns, idNames, ["text", "number"]) : named(columns, choice.id, "--id-column", table);
  const others = columns.map((_, at) => at).filter((at) => at !== image && at !== id);
  const reasons = new Map(others.map((at) => [at, reasonToLeaveOut(columns[at]!)]));
  const chosen =
    choice.metadata === undefined
      ? others.filter((at) => reasons.get(at) === null)
      : choice.metadata.map((name) => named(columns, name, "--metadata-columns", table));
  for (const at of chosen) refuseUnreadable(columns[at]!, table);
  const metadata = keysOf(columns, chosen, table);
  const read = [image, ...(id === null ? [] : [id]), ...chosen].map((at) => columns[at]!.name);
  const leftOut = [...reasons].flatMap(([at, reason]) => (reason === null ? [] : [{ column: columns[at]!.name, reason }]));
  return { image, id, metadata, read, leftOut: choice.metadata === undefined ? leftOut : [] };
}

function reasonToLeaveOut({ name, kind, leftOut }: TableColumn): string | null {
  if (name === "") return "it has no name";
  if (kind === "images") return "bytes";
  return kind === "other" ? (leftOut ?? "bytes") : null;
}

function refuseUnreadable(column: TableColumn, table: string): void {
  const reason = reasonToLeaveOut(column);
  if (reason === null) return;
  const message = `${table}: column ${JSON.stringify(column.name)}: expected text, numbers, times or lists of them, found ${reason}`;
  throw new HeadraceError("input_invalid", message, {
    item: table,
    hint: "Write the column with another type, or choose others with --metadata-columns.",
  });
}

function usualImage(columns: readonly TableColumn[], table: string): number {
  const images = columns.flatMap(({ kind }, at) => (kind === "images" ? [at] : []));
  const found =
    usual(columns, bytesNames, ["images"]) ?? usual(columns, pathNames, ["text"]) ?? (images.length === 1 ? images[0] : undefined);
  if (found !== undefined) return found;
  throw missing(table, "expected a column with images, such as path, url or image", columns, "Name it with --image-column.");
}

/** The first of the names that a column has, exactly or in the spelling of metadata keys: `Image URL` is `image_url`. */
function usual(columns: readonly TableColumn[], names: readonly string[], kinds: readonly TableColumn["kind"][]): number | null {
  for (const name of names) {
    const at = columns.findIndex((column) => plainName(column.name) === name && kinds.includes(column.kind));
    if (at !== -1) return at;
  }
  return null;
}

function named(columns: readonly TableColumn[], name: string, flag: string, table: string): number {
  const at = columns.findIndex((column) => column.name === name);
  if (at !== -1) return at;
  const similar = columns.flatMap((column, index) => (plainName(column.name) === plainName(name) ? [index] : []));
  if (similar.length === 1) return similar[0]!;
  throw missing(table, `expected the column "${name}"`, columns, `Give ${flag} one of these names.`);
}

/** Names become metadata keys: in lower case, with `_` for other characters, and with `_` at the end for built-in names such as `width`. */
function keysOf(columns: readonly TableColumn[], chosen: readonly number[], table: string): ColumnPlan["metadata"] {
  const taken = new Map<string, string>();
  return chosen.flatMap((at) => {
    const { name } = columns[at]!;
    const key = metadataNameLike(name);
    const earlier = key === null ? undefined : taken.get(key);
    if (key === null || earlier !== undefined) {
      const found = key === null ? "found none for it" : `found "${earlier}", which gets the same key`;
      throw new HeadraceError("input_invalid", `${table}: column ${JSON.stringify(name)}: expected a metadata key of its own, ${found}`, {
        item: table,
        hint: "Rename the column, or choose others with --metadata-columns.",
      });
    }
    taken.set(key, name);
    return [{ at, key }];
  });
}

const maxNamesShown = 50;

function missing(table: string, expected: string, columns: readonly TableColumn[], hint: string): HeadraceError {
  const names = columns.slice(0, maxNamesShown).map(({ name }) => name);
  const more = columns.length > maxNamesShown ? ` and ${columns.length - maxNamesShown} more` : "";
  const separator = columns.some(({ name }) => /[;\t|]/.test(name)) ? " Perhaps another character separates the cells of the file." : "";
  return new HeadraceError("input_invalid", `${table}: ${expected}, found the columns ${names.join(", ")}${more}`, {
    item: table,
    hint: `${hint}${separator}`,
  });
}
