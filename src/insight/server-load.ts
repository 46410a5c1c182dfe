/** How busy the servers of the model were, from counts that they keep themselves. */
import type { ServerUse } from "../contracts/index.js";

/** How busy the servers of the model were. */
export interface ServerLoad {
  /** Share (0 to 1) of the time in which the GPUs or the instances of the model were busy, for all clients of the servers together. */
  readonly busyShare: number;
  /** "gpu": the utilisation of the GPUs. "model": the time in which instances of the model computed. */
  readonly source: "gpu" | "model";
}

/** What the readings of a run have shown so far. */
export interface LoadRecord {
  readonly first: ServerUse;
  /** The last reading before which the model computed. Later readings would only add the time after the last batch. */
  readonly last: ServerUse;
  readonly gpuShares: { readonly sum: number; readonly count: number };
}

/** A shorter record is not representative. */
const minRecordMs = 1_500;

/** Adds a reading. After a restart of a server, the record begins again, because the counts of the server did. */
export function withReading(record: LoadRecord | null, reading: ServerUse): LoadRecord {
  if (record === null || reading.computeMs < record.last.computeMs) {
    return { first: reading, last: reading, gpuShares: { sum: 0, count: 0 } };
  }
  if (reading.computeMs === record.last.computeMs) return record;
  const { gpuShare } = reading;
  const { sum, count } = record.gpuShares;
  return {
    first: record.first,
    last: reading,
    gpuShares: gpuShare === null ? record.gpuShares : { sum: sum + gpuShare, count: count + 1 },
  };
}

/** null: the record is too short. */
export function serverLoad(record: LoadRecord | null): ServerLoad | null {
  if (record === null) return null;
  const { first, last, gpuShares } = record;
  const wallMs = last.atMs - first.atMs;
  if (wallMs < minRecordMs) return null;
  if (gpuShares.count > 0) return { busyShare: share(gpuShares.sum / gpuShares.count), source: "gpu" };
  return { busyShare: share((last.computeMs - first.computeMs) / (wallMs * last.instances)), source: "model" };
}

function share(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
}
