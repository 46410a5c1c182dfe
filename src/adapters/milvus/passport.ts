/**
 * Reads and writes a collection's passport, which describes the model of the stored vectors. When another process has meanwhile written the
 * passport of another model, that passport is never overwritten.
 */
import type { Metric, Passport } from "../../contracts/index.js";
import { comparePassports, passportMismatch } from "../../kit/index.js";
import type { Properties } from "./connection/properties.js";
import { passportProperty } from "./connection/schema.js";
import { pause } from "./connection/waits.js";

/**
 * Pause between writing a passport and reading the passport back. After this pause, two processes that write at the same time see the same
 * passport.
 */
const racingMs = 500;

export interface PassportChange {
  /** The passport that this object has read last. Only this passport may be replaced. */
  readonly known: Passport | null;
  readonly passport: Passport;
  readonly metric: Metric;
}

/** Reads the passport from the collection's properties. Null when no passport was written there since the collection was created. */
export async function readPassport(properties: Properties): Promise<Passport | null> {
  const text = await properties.get(passportProperty);
  return text === undefined ? null : (JSON.parse(text) as Passport);
}

/** Returns the passport that is stored after the call. Throws `passport_mismatch` when the stored passport belongs to another model. */
export async function writePassport(properties: Properties, { known, passport, metric }: PassportChange): Promise<Passport> {
  const before = await properties.get(passportProperty);
  if (before !== undefined && before !== JSON.stringify(known)) return agreed(properties, before, { passport, metric });
  await properties.set({ [passportProperty]: JSON.stringify(passport) });
  if (known !== null) return structuredClone(passport);
  await pause(racingMs, { what: "set the passport" });
  return agreed(properties, (await properties.get(passportProperty)) ?? JSON.stringify(passport), { passport, metric });
}

function agreed(properties: Properties, text: string, { passport, metric }: Pick<PassportChange, "passport" | "metric">): Passport {
  const stored = JSON.parse(text) as Passport;
  if (!comparePassports(stored, passport, metric).same) throw passportMismatch(stored, passport, properties.collection, { metric });
  return stored;
}
