/** Snapshots of collections, which jobs have made: download. */
import { open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import type { z } from "zod";
import type { Job } from "../jobs/job.js";
import { type Call, type Route, route } from "../requests/route.js";
import { Refused } from "../wire/problems.js";
import * as wire from "../wire/wire-jobs.js";

type Params = z.output<typeof wire.jobParams>;
type JobCall = Pick<Call<Params, unknown>, "jobs" | "access" | "params">;

const mediaType = "application/vnd.apache.parquet";

export const snapshotRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/jobs/{id}/snapshot",
    name: "jobSnapshot",
    summary: "Returns the snapshot that an export has made, as a Parquet file.",
    tag: "Jobs",
    scope: "read",
    limitedKeys: "allowed",
    needs: "nothing",
    params: wire.jobParams,
    answers: { 200: { description: "The rows of the collection, with their vectors.", schema: wire.snapshot, mediaType } },
    answer: async (call) => {
      const { id, request } = exportOf(call);
      const path = call.jobs.folder(id).snapshotPath;
      const { size } = await stat(path).catch(missing);
      return {
        status: 200,
        content: { mediaType, data: Readable.from(bytesOf(path)) },
        headers: { "content-length": String(size), "content-disposition": `attachment; filename="${request.collection}.parquet"` },
      };
    },
  }),
];

/** To a key that may not use the collection of a job, there is no such job. Throws `job_not_found`. */
export function jobOf({ jobs, access, params: { id } }: JobCall): Job {
  const job = jobs.get(id);
  if (!access.allows(job.request.collection)) throw new Refused("job_not_found");
  return job;
}

/** Returns a job that has a snapshot. Throws `job_not_found`, `job_active` and `snapshot_missing`. */
export function exportOf(call: JobCall): Job {
  const job = jobOf(call);
  if (job.request.kind !== "export") throw new Refused("snapshot_missing");
  if (job.endedAt === null) throw new Refused("job_active", "The snapshot is not complete yet.");
  if (job.state !== "completed") throw new Refused("snapshot_missing");
  return job;
}

function missing(error: NodeJS.ErrnoException): never {
  throw error.code === "ENOENT" ? new Refused("snapshot_missing") : error;
}

/** Opens the file when the first bytes are asked for. */
async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    yield* file.createReadStream({ autoClose: false });
  } finally {
    await file.close();
  }
}
