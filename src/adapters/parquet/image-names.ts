/** Names of images in a Parquet file: the column, and the row from 1. */

export function imageName(column: string, row: number): string {
  return `${column}:${row}`;
}

/** Returns null if the text is no name of an image. */
export function parseImageName(name: string): { readonly column: string; readonly row: number } | null {
  const match = /^(.+):([1-9]\d{0,14})$/s.exec(name);
  return match === null ? null : { column: match[1]!, row: Number(match[2]) };
}
