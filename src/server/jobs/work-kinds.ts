/** The kinds of jobs. Each has a file that does its work. */
import { ExportWork } from "./export-work.js";
import { ImportWork } from "./import-work.js";
import { IngestWork } from "./ingest-work.js";
import type { JobWork, WorkParts } from "./job-work.js";

export function workOf(parts: WorkParts): JobWork {
  const { kind } = parts.job.request;
  switch (kind) {
    case "ingest":
      return new IngestWork(parts);
    case "export":
      return new ExportWork(parts);
    case "import":
      return new ImportWork(parts);
    default:
      return kind satisfies never;
  }
}
