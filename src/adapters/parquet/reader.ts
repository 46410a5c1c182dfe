/** Reads images that are cells of a Parquet file. Images of one row group are decoded together. */
import { type Encoded, HeadraceError, type ImageRef, type Reader } from "../../contracts/index.js";
import { checkAborted, memberLocation } from "../../kit/index.js";
import { checkGroups, openParquetFile, type ParquetFile } from "./file.js";
import { parseImageName } from "./image-names.js";

/** Row groups that are kept. Images are read in the order of the rows, so two are enough where one group ends and the next begins. */
const maxGroups = 2;

/** One column of one row group. */
interface Group {
  readonly firstRow: number;
  readonly cells: readonly unknown[];
  readonly version: string | null;
}

export interface ParquetReaderOptions {
  /** The current time in milliseconds since the epoch. Default: the system clock. */
  readonly now?: () => number;
}

/** Makes a reader for the scheme `parquet`. */
export function parquetReader({ now = Date.now }: ParquetReaderOptions = {}): Reader {
  let kept: readonly { readonly key: string; readonly group: Promise<Group> }[] = [];
  const groupOf = (ref: ImageRef): Promise<Group> => {
    const { path, name, hints } = memberLocation(ref.location);
    const { column = "", row = 0 } = parseImageName(name) ?? {};
    const load = () => loadGroup({ path, now }, column, row);
    if (hints["group"] === undefined) return load();
    const key = [path, ref.version, column, hints["group"]].join("\n");
    const found = kept.find((each) => each.key === key);
    if (found !== undefined) return found.group;
    const group = load();
    kept = [...kept, { key, group }].slice(-maxGroups);
    group.catch(() => {
      kept = kept.filter((each) => each.group !== group);
    });
    return group;
  };
  return {
    name: "parquet",
    schemes: ["parquet"],
    async read(ref, { maxBytes }, signal) {
      checkAborted(signal, "reading");
      try {
        const { cells, firstRow, version } = await groupOf(ref);
        if (ref.version !== null && version !== null && ref.version !== version) {
          throw unreadable(ref, "expected the file that was listed, found that it has changed");
        }
        const row = parseImageName(memberLocation(ref.location).name)?.row ?? 0;
        return encodedOf(ref, cells[row - firstRow], version, maxBytes);
      } catch (error) {
        throw forItem(ref, error);
      }
    },
    async close() {
      kept = [];
    },
  };
}

/** Reads the group that contains the row. `row`: from 1. The group has no cells if there is no such row or column. */
async function loadGroup(
  { path, now }: { readonly path: string; readonly now: () => number },
  column: string,
  row: number,
): Promise<Group> {
  const file = await openParquetFile(path, now);
  try {
    const { version, metadata } = file;
    let firstRow = 1;
    for (const group of metadata.row_groups) {
      const next = firstRow + Number(group.num_rows);
      if (row < next) return { firstRow, version, cells: await cellsOf(file, column, firstRow - 1, next - 1) };
      firstRow = next;
    }
    return { firstRow: 1, cells: [], version };
  } finally {
    await file.close();
  }
}

async function cellsOf(file: ParquetFile, column: string, rowStart: number, rowEnd: number): Promise<readonly unknown[]> {
  if (!file.metadata.schema.some(({ name }) => name === column)) return [];
  checkGroups(file.metadata, [column], file.path);
  const rows = await file.read({ columns: [column], rowStart, rowEnd, untyped: "bytes" });
  return rows.map(([cell]) => cell);
}

function encodedOf(ref: ImageRef, cell: unknown, version: string | null, maxBytes: number): Encoded {
  const bytes = cell instanceof Uint8Array ? cell : (cell as { readonly bytes?: unknown } | null | undefined)?.bytes;
  if (!(bytes instanceof Uint8Array)) {
    throw new HeadraceError("source_not_found", `${ref.uri}: expected the bytes of an image in this row, found none`, { item: ref.uri });
  }
  if (bytes.byteLength > maxBytes) {
    throw new HeadraceError("source_too_large", `${ref.uri}: expected at most ${maxBytes} bytes, found ${bytes.byteLength}`, {
      item: ref.uri,
    });
  }
  // The decoded column shares buffers. A copy does not keep the other images of the group in memory.
  return { bytes: new Uint8Array(bytes), version };
}

/** An unreadable file fails each of its images, not the run. */
function forItem(ref: ImageRef, error: unknown): unknown {
  if (!HeadraceError.is(error) || error.scope === "item") return error;
  return (error.cause as { readonly code?: unknown } | undefined)?.code === "ENOENT"
    ? new HeadraceError("source_not_found", `${ref.uri}: ${error.message}`, { item: ref.uri, cause: error })
    : unreadable(ref, error.message, error);
}

function unreadable({ uri }: ImageRef, problem: string, cause?: unknown): HeadraceError {
  return new HeadraceError("source_unreadable", `${uri}: ${problem}`, { item: uri, retryable: false, cause });
}
