/** Opens or creates the target collection of a copy. An unsuitable target is refused before any row is written. */
import { type Collection, HeadraceError, type RowSource, type VectorStore } from "../contracts/index.js";
import { comparePassports, passportMismatch } from "../kit/index.js";

type Description = Pick<RowSource, "name" | "dimension" | "metric" | "idType" | "passport">;

export interface CopyTarget {
  readonly store: VectorStore;
  /** Name of the collection. */
  readonly name: string;
  /** The collection's name in messages. The label also names the store, because another store may have a collection of the same name. */
  readonly label: string;
}

/**
 * Opens the target for reading, and changes nothing. Returns null when the target does not exist. Throws the errors of `openCopyTarget`.
 */
export async function inspectCopyTarget(at: CopyTarget, origin: Description, signal: AbortSignal): Promise<Collection | null> {
  const target = await openIfExists(at, "read");
  if (target !== null) await closeOnError(target, () => checkFit(target, at.label, origin, signal));
  return target;
}

/**
 * Opens the target for writing, or creates it. A new target, or an empty one without a passport, gets the passport of the origin. Throws
 * `dimension_mismatch`, `collection_exists`, `passport_mismatch` or `passport_missing` when the target does not fit the origin.
 */
export async function openCopyTarget(at: CopyTarget, origin: Description, signal: AbortSignal): Promise<Collection> {
  const target = await openIfExists(at, "write");
  const { dimension, metric, idType, passport } = origin;
  if (target === null) return at.store.create(at.name, { dimension, metric, idType, passport });
  await closeOnError(target, async () => {
    await checkFit(target, at.label, origin, signal);
    if (target.passport === null && passport !== null) await target.setPassport(passport);
  });
  return target;
}

async function openIfExists({ store, name }: CopyTarget, access: "read" | "write"): Promise<Collection | null> {
  try {
    return await store.openCollection(name, access);
  } catch (error) {
    if (HeadraceError.is(error) && error.code === "collection_not_found") return null;
    throw error;
  }
}

async function closeOnError(collection: Collection, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    await collection.close();
    throw error;
  }
}

async function checkFit(target: Collection, label: string, origin: Description, signal: AbortSignal): Promise<void> {
  if (target.dimension !== origin.dimension) {
    throw new HeadraceError(
      "dimension_mismatch",
      `copy into ${label}: expected vectors of ${target.dimension} numbers, found ${origin.dimension} in ${origin.name}`,
      { item: label, hint: "Choose another collection." },
    );
  }
  checkSame(label, origin.name, "the metric", target.metric, origin.metric);
  checkSame(label, origin.name, "ids of type", target.idType, origin.idType);
  await checkPassports(target, label, origin, signal);
}

function checkSame(label: string, origin: string, what: string, expected: string, found: string): void {
  if (expected === found) return;
  throw new HeadraceError("collection_exists", `copy into ${label}: expected ${what} ${expected}, found ${found} in ${origin}`, {
    item: label,
    hint: "Choose another collection, or drop this one first.",
  });
}

/**
 * Checks that both collections come from the same model. An empty target without a passport gets the origin's passport. Rows of an unknown
 * model are never mixed with other rows.
 */
async function checkPassports(target: Collection, label: string, origin: Description, signal: AbortSignal): Promise<void> {
  const [stored, copied] = [target.passport, origin.passport];
  if (stored === null && (copied === null || (await target.isEmpty(signal)))) return;
  if (stored !== null && copied !== null) {
    if (comparePassports(stored, copied, target.metric).same) return;
    throw passportMismatch(stored, copied, label, { metric: target.metric, others: `those of ${origin.name} by` });
  }
  const [unnamed, named] = stored === null ? [label, origin.name] : [origin.name, label];
  throw new HeadraceError("passport_missing", `copy into ${label}: expected a passport in ${unnamed}, found one only in ${named}`, {
    item: unnamed,
  });
}
