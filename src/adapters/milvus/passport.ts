/** Reads and writes a collection's passport; one of another model that another process wrote meanwhile is not overwritten. */
import type { Metric, Passport } from "../../contracts/index.js";
import { comparePassports, passportMismatch } from "../../kit/index.js";
import { passportProperty } from "./schema.js";
import type { Properties } from "./upkeep/properties.js";
import { pause } from "./upkeep/waits.js";

/** Longer than two processes need to read each other's. */
const racingMs = 500;

export interface PassportChange {
  /** As this handle last read it; it may be replaced. */
  readonly known: Passport | null;
  readonly passport: Passport;
  readonly metric: Metric;
}

/** As it is now; null when none was written since the collection was created. */
export async function readPassport(properties: Properties): Promise<Passport | null> {
  const text = await properties.get(passportProperty);
  return text === undefined ? null : (JSON.parse(text) as Passport);
}

/** The one that the collection has afterwards. Throws `passport_mismatch` when that is another model's. */
export async function writePassport(properties: Properties, { known, passport, metric }: PassportChange): Promise<Passport> {
  const before = await properties.get(passportProperty);
  if (before !== undefined && before !== JSON.stringify(known)) return agreed(properties, before, { passport, metric });
  await properties.set(passportProperty, JSON.stringify(passport));
  if (known !== null) return structuredClone(passport);
  await pause(racingMs, { what: "set the passport" });
  return agreed(properties, (await properties.get(passportProperty)) ?? JSON.stringify(passport), { passport, metric });
}

function agreed(properties: Properties, text: string, { passport, metric }: Pick<PassportChange, "passport" | "metric">): Passport {
  const stored = JSON.parse(text) as Passport;
  if (!comparePassports(stored, passport, metric).same) throw passportMismatch(stored, passport, properties.collection, { metric });
  return stored;
}
