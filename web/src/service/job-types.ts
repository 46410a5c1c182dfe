/** The JSON of jobs, as the schemas of the service describe it. */
import type { z } from "zod";
import type * as wire from "../../../src/server/wire/wire-jobs.js";

export type Job = z.output<typeof wire.job>;
export type Picture = z.output<typeof wire.picture>;
export type JobResult = z.output<typeof wire.jobResult>;
export type Failure = z.output<typeof wire.failure>;
export type NewJob = z.input<typeof wire.newJob>;
