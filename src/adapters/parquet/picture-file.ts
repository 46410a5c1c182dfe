/** Writes rows with small pictures to a Parquet file that viewers of embeddings open. It is no backup: Headrace does not read it again. */
import type { PictureRow, PictureRowWriter } from "../../contracts/index.js";
import { builtInsOf, metadataOf, typeError, writeRows } from "./row-writer.js";
import { type ParquetCollection, pictureColumn, pictureSchema } from "./schema.js";

/** A picture has about as many bytes as a vector of this dimension. So the memory of a row group is bounded. */
const pictureNumbers = 4096;

/** Begins the file. An existing file at `path` is replaced when `finish` is called. A metadata key "picture" is left out. */
export function createPictureFile(path: string, collection: ParquetCollection): Promise<PictureRowWriter> {
  const columns = new Map([...collection.columns].filter(([name]) => name !== pictureColumn));
  return writeRows<PictureRow>(path, {
    dimension: collection.dimension + pictureNumbers,
    schema: pictureSchema({ ...collection, columns }),
    fileMetadata: [],
    columnsOf: (rows) => {
      const builtIns = new Map(builtInsOf(rows).map((column) => [column.name, column]));
      const picture = { name: pictureColumn, data: rows.map((row) => row.picture) };
      const named = (...names: readonly string[]) => names.map((name) => builtIns.get(name)!);
      return [...named("id"), picture, ...named("source", "width", "height"), ...metadataOf(rows, columns), ...named("vector")];
    },
    errorOf: ({ facts: { metadata, ...facts }, ...row }) => {
      const { [pictureColumn]: _, ...others } = metadata;
      return typeError({ ...row, facts: { ...facts, metadata: others } }, columns);
    },
  });
}
