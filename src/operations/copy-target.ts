/** Opens the collection that rows are copied into, or makes it; one that does not fit is refused before a row is written. */
import { type Collection, HeadraceError, type RowOrigin, type VectorStore } from "../contracts/index.js";
import { comparePassports, passportMismatch } from "../kit/index.js";

type Description = Pick<RowOrigin, "name" | "dimension" | "metric" | "idType" | "passport">;

/** Null when it does not exist yet. Throws like `openCopyTarget`, and changes nothing. */
export async function inspectCopyTarget(
  store: VectorStore,
  name: string,
  origin: Description,
  signal: AbortSignal,
): Promise<Collection | null> {
  const target = await openIfThere(store, name, "read");
  if (target !== null) await closedOnError(target, () => checkFit(target, origin, signal));
  return target;
}

/** Open for writing, with the origin's passport. Throws `dimension_mismatch`, `collection_exists`, `passport_mismatch`, `passport_missing`. */
export async function openCopyTarget(store: VectorStore, name: string, origin: Description, signal: AbortSignal): Promise<Collection> {
  const target = await openIfThere(store, name, "write");
  const { dimension, metric, idType, passport } = origin;
  if (target === null) return store.create(name, { dimension, metric, idType, passport });
  await closedOnError(target, async () => {
    await checkFit(target, origin, signal);
    if (target.passport === null && origin.passport !== null) await target.setPassport(origin.passport);
  });
  return target;
}

async function openIfThere(store: VectorStore, name: string, access: "read" | "write"): Promise<Collection | null> {
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

async function checkFit(target: Collection, origin: Description, signal: AbortSignal): Promise<void> {
  const { name } = target;
  if (target.dimension !== origin.dimension) {
    throw new HeadraceError(
      "dimension_mismatch",
      `Collection ${name} holds vectors of ${target.dimension} numbers, ${origin.name} of ${origin.dimension}.`,
      { item: name, hint: "Copy into another collection." },
    );
  }
  checkSame(name, origin.name, "compares by", target.metric, origin.metric);
  checkSame(name, origin.name, "has ids of type", target.idType, origin.idType);
  await checkPassports(target, origin, signal);
}

function checkSame(name: string, origin: string, verb: string, there: string, here: string): void {
  if (there === here) return;
  throw new HeadraceError("collection_exists", `Collection ${name} is there already and ${verb} ${there}; ${origin} ${verb} ${here}.`, {
    item: name,
    hint: "Copy into another collection, or drop this one first.",
  });
}

/** An empty collection without a passport takes the origin's; rows whose model nobody knows never meet others. */
async function checkPassports(target: Collection, origin: Description, signal: AbortSignal): Promise<void> {
  if (target.passport !== null && origin.passport !== null) {
    if (comparePassports(target.passport, origin.passport).same) return;
    throw passportMismatch(target.passport, origin.passport, target.name, `those of ${origin.name} by`);
  }
  const [unnamed, named] = target.passport === null ? [target.name, origin.name] : [origin.name, target.name];
  const isBegun = target.passport !== null || !(await target.isEmpty(signal));
  if (!isBegun || (target.passport === null && origin.passport === null)) return;
  throw new HeadraceError("passport_missing", `Collection ${unnamed} does not say which model made its vectors; ${named} does.`, {
    item: unnamed,
  });
}
