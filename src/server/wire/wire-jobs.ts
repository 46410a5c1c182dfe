/** The JSON of jobs. */
import * as z from "zod";
import { type ErrorCode, errorCodes } from "../../contracts/index.js";
import { exactlyOne, id, metadata, problem, sourceFields } from "./wire.js";
import { uploadParams } from "./wire-uploads.js";

export const activeStates = ["queued", "running", "stopping"] as const;
export const endStates = ["completed", "failed", "cancelled"] as const;
export const jobStates = [...activeStates, ...endStates] as const;

/** What a job does. */
export const jobKinds = ["ingest", "export", "import"] as const;

const collection = z
  .string()
  .min(1)
  .max(64)
  .describe("The name of a collection that exists.")
  .meta({ examples: ["pets"] });
const source = z
  .string()
  .min(1)
  .max(4096)
  .describe("A file, folder, glob, manifest, table or archive below `server.allowed_roots`, a web URL, or an allowed `s3://` address.");
const code = z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]);
const count = z.int().min(0);
const share = z.number().min(0).max(1);
const time = z.string().describe("ISO 8601, UTC.");

export const jobParams = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]{1,40}$/)
    .describe("The id of the job.")
    .meta({ examples: ["0mbc4x2k7f00d5a1e2"] }),
});

const limit = z.int().min(1).describe("Only the first images.");
const onBadLine = z
  .enum(["fail", "skip"])
  .describe("Whether a bad line of a manifest counts as a failed or a skipped image. Default: fail.");
const column = z.string().min(1).max(256);
export const jobOptions = z
  .strictObject({
    limit: limit.optional(),
    on_bad_line: onBadLine.optional(),
    image_column: column.optional().describe("The column of a table with the image. Default: by its name, such as `url`."),
    id_column: column.optional().describe("The column of a table with the id. Default: `id` or `image_id`."),
    metadata_columns: z.array(column).optional().describe("The columns of a table that become metadata. Default: all others."),
  })
  .meta({ id: "JobOptions" });
export const noOptions: z.output<typeof jobOptions> = {};

const oneSource = exactlyOne(["url", "base64", "path", "upload"]);
/** An image that is sent with a job. */
export const jobImage = z
  .strictObject({
    ...sourceFields,
    upload: uploadParams.shape.id
      .optional()
      .describe("The id of a complete upload: an image, or an archive with images (zip, tar, tar.gz). An archive has no `id`."),
    id: id.optional(),
    metadata: metadata.nullable().optional(),
  })
  .refine(oneSource.check, oneSource.message)
  .meta({ id: "JobImage" });

const kind = z
  .enum(jobKinds)
  .default("ingest")
  .describe(
    "`ingest`: stores images; needs `sources` or `images`. `export`: makes a snapshot of the collection; needs only the scope read. `import`: stores the rows of a snapshot; needs `snapshot_of`.",
  );
const snapshotOf = jobParams.shape.id.describe("The export whose snapshot is imported.");
const wants = {
  ingest: "expected at least one entry in sources or images, and no snapshot_of",
  export: "expected only a collection beside the kind export",
  import: "expected only a collection and snapshot_of beside the kind import",
} as const;
export const newJob = z
  .strictObject({
    kind,
    collection,
    sources: z.array(source).max(10_000).default([]),
    images: z.array(jobImage).default([]),
    options: jobOptions.default(noOptions),
    snapshot_of: snapshotOf.optional(),
  })
  .superRefine(({ kind, sources, images, options, snapshot_of }, context) => {
    const given = sources.length + images.length;
    const isOnly = given + Object.keys(options).length === 0;
    const isRight = {
      ingest: given > 0 && snapshot_of === undefined,
      export: isOnly && snapshot_of === undefined,
      import: isOnly && snapshot_of !== undefined,
    }[kind];
    if (!isRight) context.addIssue({ code: "custom", message: wants[kind] });
  })
  .meta({ id: "NewJob" });
/** The text fields of a multipart body. `ids`, `metadata` and `options` are JSON. */
export const newJobForm = z.strictObject({
  collection,
  options: z.string().optional(),
  ids: z.string().optional(),
  metadata: z.string().optional(),
});
/** The parameters of a body with JSON lines. */
export const newJobQuery = z.strictObject({
  collection: collection.optional().describe("Only for JSON lines: the collection."),
});

export const listQuery = z.strictObject({
  state: z.enum(jobStates).optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(1000)).default(100).describe("Maximum number of jobs."),
});
export const failuresQuery = z.strictObject({
  offset: z.coerce.number().pipe(z.int().min(0)).default(0).describe("Number of failures to leave out."),
  limit: z.coerce.number().pipe(z.int().min(1).max(1000)).default(100).describe("Maximum number of failures."),
});
export const retryRequest = z.strictObject({
  codes: z.array(code).default([]).describe("Only images that failed with one of these codes. Default: all."),
});

const counts = z.strictObject({
  read: count.describe("During the run: with images that have not ended yet."),
  stored: count,
  reused: count.describe("Stored with a vector that was known already. `stored` includes them."),
  skipped: count.describe("Images that are stored already, also by an earlier attempt of the job."),
  failed: count,
  abandoned: count.describe("Images in flight when the job was stopped."),
});

export const job = z
  .strictObject({
    id: z.string(),
    kind: z.enum(["ingest", "retry", "export", "import"]),
    state: z.enum(jobStates).describe("`stopping`: was cancelled, and finishes the images in flight."),
    collection: z.string(),
    sources: z.array(z.string()),
    given: count.describe("Number of images that came with the request."),
    options: jobOptions,
    retry_of: z.string().nullable().describe("The job whose failures are tried again."),
    snapshot_of: z.string().nullable().describe("The job whose snapshot is imported."),
    created_at: time,
    started_at: time.nullable(),
    ended_at: time.nullable(),
    attempts: count.describe("More than one if the server was restarted meanwhile."),
    total: count.nullable().describe("Number of images, or of rows. null: not known yet."),
    counts,
    error: problem.nullable(),
  })
  .meta({ id: "Job" });
export const jobs = z.strictObject({ jobs: z.array(job).describe("The newest first.") });

export const failure = z.strictObject({
  source: z.string(),
  id: z.string().nullable(),
  problem,
  attempts: count,
  time,
});
export const failures = z
  .strictObject({
    failures: z.array(failure),
    next_offset: count.nullable().describe("null: there are no more."),
  })
  .meta({ id: "JobFailures" });

const load = z.strictObject({ busy_share: share, source: z.enum(["gpu", "model"]) });
export const jobResult = z
  .strictObject({
    ended: z.enum(["completed", "drained", "aborted", "failed"]),
    collection: z.string(),
    ...counts.shape,
    unlisted_files: count.describe("Tables, lists and archives that could not be read. How many images they have is unknown."),
    left_out: z.record(z.string(), count).describe("Files in folders that are not images, by extension."),
    left_out_columns: z
      .array(z.object({ column: z.string(), reason: z.string() }).strict())
      .optional()
      .describe("Columns of tables that are not stored, and why. At most 100. Jobs of earlier versions do not say it."),
    elapsed_ms: count,
    images_per_second: z.number(),
    failed_earlier: count,
    stages: z.array(
      z.strictObject({
        name: z.string(),
        workers: count,
        items: count,
        busy_share: share,
        starved_share: share,
        blocked_share: share,
        waiting_share: share,
      }),
    ),
    peak_rss_bytes: count,
    verdict: z.string().describe("What limited the speed, in words."),
    limit: z
      .strictObject({
        stage: z.string(),
        busy_share: share,
        ceiling_images_per_second: z.number(),
        advice: z.array(
          z.strictObject({
            setting: z.string(),
            from: z.union([z.string(), z.number()]),
            to: z.union([z.string(), z.number()]),
            predicted_images_per_second: z.number(),
          }),
        ),
      })
      .nullable(),
    gpu: load.nullable(),
  })
  .meta({ id: "JobResult" });

export const snapshot = z.string().describe("The bytes of a Parquet file.").meta({ format: "binary" });

/** A server-sent event. Its data is JSON. */
export const jobEvent = z.strictObject({
  id: z.string(),
  event: z.enum(["job", "picture"]),
  data: z.string().describe("`job`: a job. `picture`: what the job does now."),
});

/** The data of an event `picture`: the run over the time since the last picture. */
export const picture = z.strictObject({
  elapsed_ms: count,
  total: count.nullable(),
  counts,
  images_per_second: z.number(),
  bytes_in_flight: count,
  max_bytes_in_flight: count,
  stages: z.array(
    z.strictObject({
      name: z.string(),
      workers: count,
      queued_items: count,
      queued_bytes: count,
      max_queued_items: count,
      items: count.describe("Since the beginning of the run."),
      retries: count,
      items_per_second: z.number(),
      busy: share,
      starved: share,
      blocked: share,
      waiting: share,
    }),
  ),
  failures_by_code: z.record(z.string(), count),
  recent_failures: z.array(z.strictObject({ source: z.string(), problem })).describe("At most 20, the latest first."),
  outages: z.array(z.strictObject({ stage: z.string(), code: z.string() })),
  upkeep: z.strictObject({ step: z.string(), share: share.nullable(), rows: count.nullable() }).nullable(),
  server: load.nullable().describe("How busy the servers of the model are."),
  verdict: z.string(),
  limiting_stage: z.string().nullable().describe("The stage that `verdict` names as the limit. null: it names none."),
});
