/** Opens the collection that rows are copied into, or makes it; one that does not fit is refused before a row is written. */
import { type Collection, HeadraceError, type RowSource, type VectorStore } from "../contracts/index.js";
import { comparePassports, passportMismatch } from "../kit/index.js";

type Description = Pick<RowSource, "name" | "dimension" | "metric" | "idType" | "passport">;

export interface CopyTarget {
  readonly store: VectorStore;
  /** Of the collection. */
  readonly name: string;
  /** What messages call it, so that it is told from a collection of the same name elsewhere. */
  readonly label: string;
}

/** Null when it does not exist yet. Throws like `openCopyTarget`, and changes nothing. */
export async function inspectCopyTarget(at: CopyTarget, origin: Description, signal: AbortSignal): Promise<Collection | null> {
  const target = await openIfThere(at, "read");
  if (target !== null) await closedOnError(target, () => checkFit(target, at.label, origin, signal));
  return target;
}

/** Open for writing, with the origin's passport. Throws `dimension_mismatch`, `collection_exists`, `passport_mismatch`, `passport_missing`. */
export async function openCopyTarget(at: CopyTarget, origin: Description, signal: AbortSignal): Promise<Collection> {
  const target = await openIfThere(at, "write");
  const { dimension, metric, idType, passport } = origin;
  if (target === null) return at.store.create(at.name, { dimension, metric, idType, passport });
  await closedOnError(target, async () => {
    await checkFit(target, at.label, origin, signal);
    if (target.passport === null && passport !== null) await target.setPassport(passport);
  });
  return target;
}

async function openIfThere({ store, name }: CopyTarget, access: "read" | "write"): Promise<Collection | null> {
  try {
    return await store.openCollection(name, access);
  } catch (error) {
    if (HeadraceError.is(error) && error.code === "collection_not_found") return null;
    throw error;
  }
}

async function closedOnError(collection: Collection, check: () => Promise<void>): Promise<void> {
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
      `Collection ${label} holds vectors of ${target.dimension} numbers, ${origin.name} of ${origin.dimension}.`,
      { item: label, hint: "Choose another collection." },
    );
  }
  checkSame(label, origin.name, "compares by", target.metric, origin.metric);
  checkSame(label, origin.name, "has ids of type", target.idType, origin.idType);
  await checkPassports(target, label, origin, signal);
}

function checkSame(label: string, origin: string, verb: string, there: string, here: string): void {
  if (there === here) return;
  throw new HeadraceError("collection_exists", `Collection ${label} is there already and ${verb} ${there}; ${origin} ${verb} ${here}.`, {
    item: label,
    hint: "Choose another collection, or drop this one first.",
  });
}

/** An empty collection without a passport takes the origin's; rows whose model nobody knows never meet others. */
async function checkPassports(target: Collection, label: string, origin: Description, signal: AbortSignal): Promise<void> {
  const [there, here] = [target.passport, origin.passport];
  if (there === null && (here === null || (await target.isEmpty(signal)))) return;
  if (there !== null && here !== null) {
    if (comparePassports(there, here, target.metric).same) return;
    throw passportMismatch(there, here, label, { metric: target.metric, others: `those of ${origin.name} by` });
  }
  const [unnamed, named] = there === null ? [label, origin.name] : [origin.name, label];
  throw new HeadraceError("passport_missing", `Collection ${unnamed} does not say which model made its vectors; ${named} does.`, {
    item: unnamed,
  });
}
