/** The repair of `verify`: writes over damaged rows first, then stores what is missing or has changed. Deletes nothing. */
import { HeadraceError, type IngestInput, type Key, type Observer, type StoredRow } from "../../contracts/index.js";
import { metadataHash, splitMetadata } from "../../kit/index.js";
import { type InputStream, type ListingRequest, listInputs } from "../../sources/index.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { type InsertStats, type RunRequest, startIngest } from "./ingest-images.js";

export type DamagedRow = Pick<StoredRow, "facts" | "ingestedAt">;

/** What to repair. */
export interface RepairRequest {
  readonly source: ListingRequest;
  readonly collectionName: string;
  readonly observer?: Observer;
}

export interface NeededRepair {
  /** Damaged rows whose image is listed. */
  readonly damaged: ReadonlyMap<Key, DamagedRow>;
  /** Number of images that are missing or have changed. */
  readonly others: number;
}

/** Maximum number of damaged rows that one repair replaces. */
const maxReplaced = 100_000;

/** Returns null if there is nothing to repair. Throws `usage_invalid` for too many damaged rows. */
export async function repairRows(
  parts: PipelineParts,
  request: RepairRequest,
  { damaged, others }: NeededRepair,
  signal: AbortSignal,
): Promise<InsertStats | null> {
  if (damaged.size > maxReplaced) {
    throw new HeadraceError("usage_invalid", `verify: expected at most ${maxReplaced} damaged rows to replace, found ${damaged.size}`, {
      item: request.collectionName,
      hint: "So many damaged rows are not an accident: make a new collection from the source.",
    });
  }
  const inputs = listInputs({ ...parts.listingSettings, ...request.source });
  const { collectionName, observer } = request;
  const run = async (part: Pick<RunRequest, "inputs" | "lookups">): Promise<InsertStats> => {
    const more = { collectionName, signal, ...(observer === undefined ? {} : { observer }) };
    return (await startIngest(parts, { ...part, ...more, schedule: "overlapped" })).done;
  };
  // Without look-ups, no damaged row is taken for stored, and no damaged vector is used again.
  const replaced = damaged.size === 0 ? null : await run({ inputs: damagedOnly(inputs, damaged), lookups: "omit" });
  if (others === 0 || (replaced !== null && replaced.ended !== "completed")) return replaced;
  const stored = await run({ inputs });
  return replaced === null ? stored : sumOf(replaced, stored);
}

function damagedOnly(inputs: InputStream, damaged: NeededRepair["damaged"]): InputStream {
  return async function* (stop): AsyncGenerator<IngestInput> {
    for await (const input of inputs(stop)) {
      const row = damaged.get(input.id);
      if (row !== undefined && input.ref.refused === undefined) yield withMetadataOf(row, input);
    }
  };
}

/** Metadata in the listing replaces what is stored, as in every run. */
function withMetadataOf({ facts, ingestedAt }: DamagedRow, input: IngestInput): IngestInput {
  if (input.ref.metadata !== null) return input;
  const row = { facts: { ...facts, metadataHash: metadataHash(splitMetadata(facts).given) }, ingestedAt };
  return { ...input, row };
}

function sumOf(first: InsertStats, second: InsertStats): InsertStats {
  const counts = ["read", "stored", "reused", "skipped", "failed", "abandoned", "unlistedFiles"] as const;
  const sums = Object.fromEntries(counts.map((count) => [count, first[count] + second[count]]));
  const upkeepError = second.upkeepError ?? first.upkeepError;
  return { ...second, ...sums, ...(upkeepError === undefined ? {} : { upkeepError }) };
}
