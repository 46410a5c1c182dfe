/** Finds the columns whose numbers do not all fit into float64. All cells of such a column become text, so that a column has one type. */
import type { FileMetaData, Statistics } from "hyparquet";
import type { ColumnForm } from "./columns.js";
import { unscaledOf } from "./decimals.js";
import { type TopElement, topLevel } from "./elements.js";
import type { ParquetFile } from "./file.js";

/** A column, and what its cells are. */
export interface FormedColumn {
  readonly name: string;
  readonly form: ColumnForm;
}

const roundingShare = 1e-9;

/** Returns the names. Takes them from the statistics of the file if it has them, and else reads the columns. Throws `input_invalid`. */
export async function wideColumns(file: ParquetFile, columns: readonly FormedColumn[]): Promise<ReadonlySet<string>> {
  const elements = new Map(topLevel(file.metadata.schema).map((element) => [element.name, element]));
  const wide = new Set<string>();
  for (const { name, form } of columns) {
    const element = elements.get(name);
    if (element === undefined || form.exactUpTo === undefined) continue;
    if (isWideInStatistics(file.metadata, element, form.exactUpTo) ?? (await isWideInRows(file, name, form.exactUpTo))) wide.add(name);
  }
  return wide;
}

/** Returns null if a row group has no statistics. */
function isWideInStatistics({ row_groups: groups }: FileMetaData, element: TopElement, exactUpTo: bigint): boolean | null {
  let isKnown = true;
  for (const { columns } of groups) {
    const data = columns.find(({ meta_data: meta }) => meta?.path_in_schema[0] === element.name)?.meta_data;
    const bounds = boundsOf(data?.statistics, element);
    if (bounds === null) isKnown &&= data?.statistics?.null_count === data?.num_values;
    else if (bounds.some((bound) => exceeds(bound, exactUpTo))) return true;
  }
  return isKnown ? false : null;
}

/** The largest and the smallest stored number. Those of decimals are rounded. */
function boundsOf(statistics: Statistics | undefined, { type, scale = 0 }: TopElement): readonly (number | bigint)[] | null {
  const bounds = [statistics?.min_value, statistics?.max_value];
  if (type === "BYTE_ARRAY" || !bounds.every((bound) => typeof bound === "number" || typeof bound === "bigint")) return null;
  return bounds.map((bound) => (typeof bound === "bigint" ? bound : bound * 10 ** scale));
}

function exceeds(bound: number | bigint, exactUpTo: bigint): boolean {
  if (typeof bound === "bigint") return bound > exactUpTo || -bound > exactUpTo;
  return Math.abs(bound) > Number(exactUpTo) * (1 - roundingShare);
}

async function isWideInRows(file: ParquetFile, name: string, exactUpTo: bigint): Promise<boolean> {
  let start = 0;
  for (const group of file.metadata.row_groups) {
    const end = start + Number(group.num_rows);
    const rows = await file.read({ columns: [name], rowStart: start, rowEnd: end, untyped: "bytes", values: "stored" });
    for (const [stored] of rows) {
      if (stored === null || stored === undefined) continue;
      if (exceeds(unscaledOf(stored), exactUpTo)) return true;
    }
    start = end;
  }
  return false;
}
