/**
 * The time at which an alias was first switched to a collection. It is kept in the passport of the collection, because both stores keep the
 * passport, and a passport belongs to one collection.
 */
import { type Collection, type Filter, HeadraceError, type StoredRow } from "../../contracts/index.js";

/** Clocks of other machines may be late by this much. */
export const clockSlackMs = 60_000;

/** Another process may change the passport at the same moment. */
const maxTries = 3;

/** Writes down that an alias is about to name the collection. An earlier time stays. `collection` is open for writing. */
export async function markLive(collection: Collection, nowMs: number): Promise<void> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const passport = collection.passport ?? (await collection.stats()).passport;
    if (passport?.liveSince !== undefined) return;
    if (passport !== null) await collection.setPassport({ ...passport, liveSince: nowMs });
  }
  throw new HeadraceError(
    "store_unavailable",
    `collection ${collection.name}: expected to keep the time of the switch, found that it does not`,
    {
      item: collection.name,
      hint: "Run the same command again. The alias names the old collection still.",
    },
  );
}

/** Returns the earliest `ingested_at` of rows that programs may have inserted through the alias; null if it never named the collection. */
export async function liveRowsSince(collection: Collection): Promise<number | null> {
  const since = (await collection.stats()).passport?.liveSince;
  return since === undefined ? null : Math.max(0, since - clockSlackMs);
}

/** Tells the rows that were inserted since then. */
export function insertedSince(since: number | null): (row: Pick<StoredRow, "ingestedAt">) => boolean {
  return ({ ingestedAt }) => since !== null && ingestedAt >= since;
}

export function insertedSinceFilter(since: number): Filter {
  return { kind: "compare", key: "ingested_at", operator: ">=", value: since };
}
