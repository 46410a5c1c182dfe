/** The interfaces of files that contain many images, or name them: tables and archives. */
import type { HeadraceError } from "./errors.js";
import type { ImageRef } from "./payloads.js";

/** What the cells of a column contain. "images": encoded images, as `ImageRef`. "other": what no value of a row can hold. */
export type ColumnKind = "text" | "number" | "boolean" | "json" | "images" | "other";

/** One column of a table. */
export interface TableColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Why a column of the kind "other" cannot be read, such as "bytes". */
  readonly leftOut?: string;
}

/** Which cells to read. */
export interface TableRequest {
  /** The names of the columns. Cells of others are null. */
  readonly columns: readonly string[];
  /** The column with the ids. Its cells are text as the file has it, or whole numbers of any size. null: there is none. */
  readonly id: string | null;
  /** Only these rows, from the beginning of a group to the end of a group. Default: all. */
  readonly range?: RowRange;
}

/** One row of a table. `number`: its line in a text file, else its position from 1. */
export type TableRow =
  | { readonly kind: "cells"; readonly number: number; readonly cells: readonly TableCell[] }
  /** The row is damaged. Other rows can be read. */
  | { readonly kind: "damaged"; readonly number: number; readonly problem: string }
  /** The table cannot be read further. It is the last row. `problem`: a sentence that names the place. */
  | { readonly kind: "cut"; readonly number: number; readonly problem: string };

/** A value of a row. null: there is none. A list or an object is given as its JSON text. */
export type TableCell = string | number | bigint | boolean | ImageRef | null;

/** Some rows of a table: from `start`, counted from 0, up to and without `end`. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** An open table, such as a CSV file. The caller that opened it calls `close` once. */
export interface Table {
  readonly columns: readonly TableColumn[];
  /** The ranges that can be read without reading other rows. Absent: the table can only be read from its beginning. */
  readonly groups?: readonly RowRange[];
  /**
   * Streams the rows. The cells are in the order of `columns`. Whole numbers may be bigints: a column has them only if float64 can hold all of
   * them, or if it is that of the ids. Else its cells are text.
   */
  rows(request: TableRequest, stop: AbortSignal): AsyncIterable<TableRow>;
  close(): Promise<void>;
}

/** Where a member of an archive is: whole numbers below 2³², whose meaning only the archive knows. All members have as many. */
export type MemberPlace = readonly number[];

/** One file in an archive. */
export interface ArchiveMember {
  /** The name in the archive, with `/` between folders. It is never used as a path. */
  readonly name: string;
  /** How a reader reads the member. */
  readonly ref: ImageRef;
  readonly place: MemberPlace;
  /** Why the member cannot be read, for example because it is a link. */
  readonly problem?: HeadraceError;
  /** Set for what stands for the rest of an archive that cannot be read further. It has a `problem`, and is the last member. */
  readonly isRestUnknown?: true;
}

/** An open archive. The caller that opened it calls `close` once. */
export interface Archive {
  /** How many numbers a place has. */
  readonly placeNumbers: number;
  /**
   * Streams the files in the order of the archive. A damaged archive ends with a member whose `isRestUnknown` is set. `keepsText`: whether
   * `text` will be called for the member with this name.
   */
  members(stop: AbortSignal, keepsText: (name: string) => boolean): AsyncIterable<ArchiveMember>;
  /** Returns the text of a member that `keepsText` has accepted. Throws an error of scope "item" if it cannot be read. */
  text(place: MemberPlace): Promise<string>;
  close(): Promise<void>;
}
