/** Decides what the columns of a table are: the image, the id, and metadata. */
import { HeadraceError, type TableColumn } from "../../contracts/index.js";
import { metadataNameLike } from "../../kit/index.js";

/** The columns that a user has named. */
export interface ColumnChoice {
  /** The column with the image: a path, a URL, or the bytes. Default: the first column with a usual name. */
  readonly image?: string;
  /** The column with the id. Default: `id` or `image_id`, if the table has such a column. */
  readonly id?: string;
  /** The columns that become metadata. Default: all others. */
  readonly metadata?: readonly string[];
}

export interface ColumnPlan {
  readonly image: number;
  /** null: the ids are derived from the images. */
  readonly id: number | null;
  readonly metadata: readonly { readonly at: number; readonly key: string }[];
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
  const isChosen = (at: number) => at !== image && at !== id && !["images", "other"].includes(columns[at]!.kind);
  const chosen =
    choice.metadata === undefined
      ? columns.map((_, at) => at).filter(isChosen)
      : choice.metadata.map((name) => named(columns, name, "--metadata-columns", table));
  const metadata = keysOf(columns, chosen, table);
  const read = [image, ...(id === null ? [] : [id]), ...chosen].map((at) => columns[at]!.name);
  return { image, id, metadata, read };
}

function usualImage(columns: readonly TableColumn[], table: string): number {
  const images = columns.flatMap(({ kind }, at) => (kind === "images" ? [at] : []));
  const found =
    usual(columns, bytesNames, ["images"]) ?? usual(columns, pathNames, ["text"]) ?? (images.length === 1 ? images[0] : undefined);
  if (found !== undefined) return found;
  throw missing(table, "expected a column with images, such as path, url or image", columns, "Name it with --image-column.");
}

function usual(columns: readonly TableColumn[], names: readonly string[], kinds: readonly TableColumn["kind"][]): number | null {
  for (const name of names) {
    const at = columns.findIndex((column) => column.name.toLowerCase() === name && kinds.includes(column.kind));
    if (at !== -1) return at;
  }
  return null;
}

function named(columns: readonly TableColumn[], name: string, flag: string, table: string): number {
  const at = columns.findIndex((column) => column.name === name);
  if (at !== -1) return at;
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
  return new HeadraceError("input_invalid", `${table}: ${expected}, found the columns ${names.join(", ")}${more}`, { item: table, hint });
}
