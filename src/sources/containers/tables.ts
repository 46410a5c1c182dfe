/** Turns the rows of a table into inputs. A damaged row fails or is skipped without affecting other rows. */
import {
  HeadraceError,
  type ImageRef,
  type IngestInput,
  type Metadata,
  type MetadataValue,
  type RowRange,
  type Table,
  type TableCell,
  type TableRow,
} from "../../contracts/index.js";
import { fileCut } from "../../kit/index.js";
import { type ColumnChoice, type ColumnPlan, type LeftOutColumn, planColumns } from "../columns.js";
import type { DescribedInput } from "../inputs.js";
import { type LineOptions, lineInput } from "./line-inputs.js";

export interface TableOptions extends LineOptions {
  /** The path of the table, for messages. */
  readonly path: string;
  readonly columns: ColumnChoice;
  /** Only these rows. Default: all. */
  readonly range?: RowRange;
  /** The type of the ids in the collection. Default "text". */
  readonly idType?: "text" | "int64";
  /** Called for each column that cannot become metadata, before the first row. */
  readonly onLeftOutColumn?: (column: LeftOutColumn) => void;
  /** Makes the failed input of the table itself, for rows that cannot be read. */
  readonly cut: (error: HeadraceError) => IngestInput;
}

/** Streams the images that the table names or contains. Throws `input_invalid` if no column fits. */
export async function* tableInputs(table: Table, options: TableOptions, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const { range, idType = "text" } = options;
  const plan = planColumns(table.columns, options.columns, options.path);
  for (const column of plan.leftOut) options.onLeftOutColumn?.(column);
  const id = plan.id === null ? null : (table.columns[plan.id]?.name ?? null);
  for await (const row of table.rows({ columns: plan.read, id, ...(range === undefined ? {} : { range }) }, stop)) {
    if (stop.aborted) return;
    if (row.kind === "cut") {
      yield options.cut(fileCut(options.path, row.problem));
      return;
    }
    const where = `${options.path}:${row.number}`;
    yield await lineInput(describe(row, where, plan, idType), where, options);
  }
}

function describe(
  row: Exclude<TableRow, { readonly kind: "cut" }>,
  where: string,
  plan: ColumnPlan,
  idType: "text" | "int64",
): DescribedInput | HeadraceError {
  if (row.kind === "damaged") return badRow(where, row.problem);
  const image = row.cells[plan.image];
  const id = plan.id === null ? undefined : row.cells[plan.id];
  if (!isImage(image)) return badRow(where, `expected an image, found ${shown(image)}`);
  if (id === null || typeof id === "boolean" || typeof id === "object") return badRow(where, `expected an id, found ${shown(id)}`);
  const metadata = plan.metadata.length === 0 ? null : metadataOf(row.cells, plan);
  return { input: image, metadata, ...(id === undefined ? {} : { id: idOf(id, idType) }) };
}

/** Ids of a text file are text. In a collection whose ids are numbers, those that are written as numbers are meant. */
function idOf(id: string | number | bigint, idType: "text" | "int64"): string | number | bigint {
  return typeof id === "string" && idType === "int64" && /^(0|-?[1-9]\d{0,18})$/.test(id) ? BigInt(id) : id;
}

function isImage(cell: TableCell | undefined): cell is string | ImageRef {
  return (typeof cell === "string" && cell !== "") || (typeof cell === "object" && cell !== null);
}

function metadataOf(cells: readonly TableCell[], plan: ColumnPlan): Metadata {
  return Object.fromEntries(plan.metadata.map(({ at, key }) => [key, metadataValue(cells[at])]));
}

function metadataValue(cell: TableCell | undefined): MetadataValue | null {
  if (cell === undefined || typeof cell === "object") return null;
  if (typeof cell !== "bigint") return cell;
  return Number(cell);
}

function badRow(where: string, problem: string): HeadraceError {
  return new HeadraceError("input_invalid", `${where}: ${problem}`, {
    scope: "item",
    item: where,
    hint: "Correct the row and run again. With --on-bad-line skip, bad rows do not count as failed.",
  });
}

function shown(cell: TableCell | undefined): string {
  return cell === null || cell === undefined || cell === "" ? "an empty cell" : JSON.stringify(String(cell)).slice(0, 80);
}
