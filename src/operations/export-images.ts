/** Writes the images of a collection, or small pictures of them, with metadata and vectors to files: rows → read → write. */
import type { ImageWriter, PictureRow, PictureRowWriter, Run, RunOptions, Sink, StoredImage } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { mebibyte } from "../kit/index.js";
import {
  type ReadStoredFile,
  type ReadStoredPreview,
  type RowWithFile,
  type RowWithPicture,
  storedImageStage,
  storedPreviewStage,
} from "../stages/index.js";
import { sinkResults } from "./export.js";
import { type RowsPlan, rowSource } from "./rows.js";
import { writeOnce } from "./write-once.js";

export interface ExportImagesPlan extends RowsPlan {
  readonly read: ReadStoredFile;
  /** Number of images that are read at the same time. */
  readonly readers: number;
  readonly writer: ImageWriter;
  readonly options: RunOptions;
}

export function exportImages(plan: ExportImagesPlan): Run {
  const pipeline = from(rowSource(plan))
    .through(storedImageStage(plan.read), { concurrency: plan.readers })
    .into(imageSink(plan.writer), { batch: { maxItems: 64, maxBytes: 16 * mebibyte, lingerMs: 500 } });
  return run(pipeline, plan.options);
}

function imageSink(writer: ImageWriter): Sink {
  return {
    name: "write",
    maxConcurrency: 1,
    async process(batch) {
      const images = batch.map(({ seq, id, facts, value }): StoredImage => {
        const row = { id, facts, vector: value.vector, ingestedAt: value.ingestedAt ?? 0 };
        // The stage before has given each row its file.
        return { number: seq, row, bytes: (value as RowWithFile).file };
      });
      await writeOnce(() => writer.write(images));
      return batch.map(({ seq }) => ({ kind: "ok", seq }));
    },
  };
}

export interface ExportPicturesPlan extends RowsPlan {
  readonly read: ReadStoredPreview;
  /** Number of pictures that are made at the same time. */
  readonly readers: number;
  readonly writer: PictureRowWriter;
  readonly options: RunOptions;
}

export function exportPictures(plan: ExportPicturesPlan): Run {
  const pipeline = from(rowSource(plan))
    .through(storedPreviewStage(plan.read), { concurrency: plan.readers })
    .into(pictureSink(plan.writer), { batch: { maxItems: 64, maxBytes: 16 * mebibyte, lingerMs: 500 } });
  return run(pipeline, plan.options);
}

function pictureSink(writer: PictureRowWriter): Sink {
  return {
    name: "write",
    maxConcurrency: 1,
    async process(batch) {
      const rows = batch.map(({ id, facts, value }): PictureRow => {
        // The stage before has given each row its picture.
        return { id, facts, vector: value.vector, ingestedAt: value.ingestedAt ?? 0, picture: (value as RowWithPicture).picture };
      });
      const failures = new Map((await writeOnce(() => writer.write(rows))).map(({ index, error }) => [index, error]));
      return sinkResults(batch, failures);
    },
  };
}
