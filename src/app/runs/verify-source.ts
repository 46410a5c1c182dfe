/** `verify`: compares a source with a collection, and checks the stored rows. Can repair what it finds. */
import type { Collection, Key, Observer, StoredRow } from "../../contracts/index.js";
import { compare, damageOf, ListedSources } from "../../operations/index.js";
import { isContainer, type ListingRequest, listInputs } from "../../sources/index.js";
import { withCollection } from "../collections/named-collection.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import type { InsertStats } from "./ingest-images.js";
import { type DamagedRow, repairRows } from "./repair-rows.js";

/** What to compare. */
export interface VerifyRequest {
  /** Folders, globs or a manifest. A repair lists it twice, so it cannot be a pipe. */
  readonly source: ListingRequest;
  readonly collectionName: string;
  /**
   * "report": change nothing. "repair": store missing and changed images again, and replace damaged rows whose image is listed, with the
   * metadata that they have. A damaged row whose image cannot be read stays. Extra rows are kept: `sync` deletes them.
   */
  readonly purpose: "report" | "repair";
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  /** Called for each difference, as it is found. */
  readonly onDifference?: (difference: Difference) => void;
}

/**
 * One image or row that is not right. "missing": the image has no row. "changed": the image has changed since its row was written. "extra":
 * the row belongs to the source, but its image is not listed. "damaged": the row cannot be right, for the given reason.
 */
export interface Difference {
  readonly kind: "missing" | "changed" | "extra" | "damaged";
  readonly source: string;
  readonly reason: string;
}

/** The result of a comparison, as numbers. */
export interface Verification {
  /** Images in the source. */
  readonly listed: number;
  /** Rows that belong to the source. */
  readonly rows: number;
  readonly missing: number;
  readonly changed: number;
  readonly extra: number;
  readonly damaged: number;
  /** Images whose version the listing does not know, such as URLs. Only a run can tell whether they have changed. */
  readonly unclear: number;
  /** Rows that were written by the repair. */
  readonly repaired: number;
  /** The report of the repair, which may need two runs; null if there was nothing to repair. */
  readonly repair: InsertStats | null;
}

const reasons = { missing: "the image has no row", changed: "the image has changed since its row was written" } as const;

/** Throws `collection_not_found`. The differences that remain after a repair are found by the next call. */
export async function verifySource(parts: PipelineParts, request: VerifyRequest): Promise<Verification> {
  const signal = request.signal ?? new AbortController().signal;
  const listed = new ListedSources({ isContainer });
  const found = { missing: 0, changed: 0, extra: 0, damaged: 0 };
  const note = (difference: Difference): void => {
    found[difference.kind] += 1;
    request.onDifference?.(difference);
  };
  const damaged = new Map<Key, DamagedRow>();
  let rows = 0;
  const standings = await withCollection(parts, request.collectionName, "read", async (collection) => {
    const inputs = listInputs({ ...parts.listingSettings, ...request.source, onSource: listed.note })(signal, undefined, collection.idType);
    const compared = await compare(listed.remember(inputs), collection, {
      signal,
      onImage: ({ ref }, standing) => {
        if (standing === "new") note({ kind: "missing", source: ref.uri, reason: reasons.missing });
        if (standing === "changed") note({ kind: "changed", source: ref.uri, reason: reasons.changed });
      },
    });
    for await (const batch of listed.rowsInScope(collection, { vectors: "include", signal })) {
      for (const row of batch) {
        const standing = listed.standingOf(row)?.standing;
        if (standing === undefined) continue;
        rows += 1;
        const difference = differenceOf(row, standing === "unlisted" || standing === "root_empty" ? "extra" : null, collection);
        if (difference === null) continue;
        note(difference);
        if (difference.kind === "damaged" && standing === "listed") damaged.set(row.id, row);
      }
    }
    return compared;
  });
  const needed = { damaged, others: found.missing + found.changed };
  const repair = request.purpose === "repair" ? await repairRows(parts, request, needed, signal) : null;
  return { listed: listed.count, rows, ...found, unclear: standings.unclear, repaired: repair?.stored ?? 0, repair };
}

function differenceOf(
  row: StoredRow,
  otherwise: "extra" | null,
  collection: Pick<Collection, "dimension" | "inexactKeys">,
): Difference | null {
  const { source } = row.facts;
  const damage = damageOf(row, collection);
  if (damage !== null) return { kind: "damaged", source, reason: damage };
  return otherwise === null ? null : { kind: otherwise, source, reason: "the source does not list the image" };
}
