/** Translates the errors of the Parquet packages. No other file reads their messages. */
import { HeadraceError } from "../../contracts/index.js";
import { fileInvalid } from "../../kit/index.js";

const install = "npm i hyparquet hyparquet-compressors hyparquet-writer apache-arrow@18.1.0";

export function packagesMissing(cause: unknown): HeadraceError {
  const said = wordsOf(cause).split("\n", 1)[0];
  return new HeadraceError(
    "part_missing",
    `Parquet: expected the packages that read and write it, found none that can be loaded (${said}).`,
    {
      hint: `Run: ${install}`,
      cause,
    },
  );
}

export function notParquet(path: string, cause: unknown): HeadraceError {
  return fileInvalid(path, `expected a Parquet file, found another one or a part of one (${wordsOf(cause)})`, cause);
}

export function rowsUnreadable(path: string, cause: unknown): HeadraceError {
  return fileInvalid(path, `its rows cannot be read (${wordsOf(cause)})`, cause);
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
