/** Reads and writes a collection's passport. Never overwrites a passport of another model that another process wrote meanwhile. */
import type { Metric, Passport } from "../../contracts/index.js";
import { comparePassports, passportMismatch } from "../../kit/index.js";
import { passportProperty } from "./schema.js";
import type { Properties } from "./upkeep/properties.js";
import { pause } from "./upkeep/waits.js";

/** Longer than two processes need to read each other's passport. */
const racingMs = 500;

export interface PassportChange {
  /** The passport that this handle last read. It may be replaced. */
  readonly known: Passport | null;
  readonly passport: Passport;
  readonly metric: Metric;
}

/** Null when no passport was written since the collection was created. */
export async function readPassport(properties: Properties): Promise<Passport | null> {
  const text = await properties.get(passportProperty);
  return text === undefined ? null : (JSON.parse(text) as Passport);
}

/** Returns the passport that is stored afterwards. Throws `passport_mismatch` when it belongs to another model. */
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
