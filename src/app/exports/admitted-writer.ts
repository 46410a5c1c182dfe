/** Asks before rows are written to a file whether the file may become that large. */
import type { RowWriter, SizedRowWriter } from "../../contracts/index.js";

export interface Admission {
  /** Numbers per vector. */
  readonly dimension: number;
  /** Called with the least number of bytes that the file will have. What it throws ends the run. */
  readonly admit: (bytes: number) => void;
}

export function admittedWriter(writer: RowWriter | SizedRowWriter, { dimension, admit }: Admission): RowWriter {
  let rows = 0;
  return {
    write: async (batch) => {
      rows += batch.length;
      // Vectors are not compressed, and rows wait for their row group.
      const leastBytes = rows * dimension * Float32Array.BYTES_PER_ELEMENT;
      admit(Math.max(leastBytes, "bytesWritten" in writer ? writer.bytesWritten : 0));
      return writer.write(batch);
    },
    finish: () => writer.finish(),
    discard: () => writer.discard(),
  };
}
