/**
 * Writes dates and times as text. A time has milliseconds, and three or six digits more only if it needs them. So texts are in the order of the
 * times up to the millisecond, in files of all units.
 */
import type { ParquetParsers } from "hyparquet";

const nanosPerMilli = 1_000_000n;
const nanosPerSecond = 1_000_000_000n;
const daysMs = 86_400_000;
const clockDigits = 2;

export type TimeUnit = "MILLIS" | "MICROS" | "NANOS";

const nanosPerUnit: Readonly<Record<TimeUnit, bigint>> = { MILLIS: 1_000_000n, MICROS: 1_000n, NANOS: 1n };

/** What hyparquet calls for dates and times, also in lists. It takes dates as results; text is handed through. */
export const timeParsers = {
  timestampFromMilliseconds: (millis: bigint) => instantText(millis, "MILLIS"),
  timestampFromMicroseconds: (micros: bigint) => instantText(micros, "MICROS"),
  timestampFromNanoseconds: (nanos: bigint) => instantText(nanos, "NANOS"),
  dateFromDays: (days: number) => dateText(days),
} as unknown as Pick<
  ParquetParsers,
  "timestampFromMilliseconds" | "timestampFromMicroseconds" | "timestampFromNanoseconds" | "dateFromDays"
>;

/** Returns text such as 2024-05-01T10:00:00.000Z. Returns the count for a time that no calendar has, such as infinity. null: no value. */
export function instantText(count: bigint | null | undefined, unit: TimeUnit): string | null {
  if (count === null || count === undefined) return null;
  const nanos = BigInt(count) * nanosPerUnit[unit];
  const below = ((nanos % nanosPerMilli) + nanosPerMilli) % nanosPerMilli;
  const date = new Date(Number((nanos - below) / nanosPerMilli));
  if (Number.isNaN(date.getTime())) return String(count);
  return date.toISOString().replace("Z", `${digitsBelowMilli(below)}Z`);
}

/** Returns text such as 10:00:00.000. */
export function timeOfDayText(count: number | bigint, unit: TimeUnit): string {
  const nanos = BigInt(count) * nanosPerUnit[unit];
  const seconds = nanos / nanosPerSecond;
  const below = nanos % nanosPerSecond;
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => String(part).padStart(clockDigits, "0")).join(":");
  return `${clock}.${String(below / nanosPerMilli).padStart(3, "0")}${digitsBelowMilli(below % nanosPerMilli)}`;
}

/** Returns a duration of ISO 8601, such as P1M2DT3.5S. `bytes`: months, days and milliseconds. */
export function intervalText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [months, days, millis] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true)];
  return `P${months}M${days}DT${millis / 1000}S`;
}

function dateText(days: number | null | undefined): string | null {
  if (days === null || days === undefined) return null;
  const date = new Date(days * daysMs);
  return Number.isNaN(date.getTime()) ? String(days) : date.toISOString().replace(/T.*$/, "");
}

function digitsBelowMilli(nanos: bigint): string {
  if (nanos === 0n) return "";
  const digits = String(nanos).padStart(6, "0");
  return digits.endsWith("000") ? digits.slice(0, 3) : digits;
}
