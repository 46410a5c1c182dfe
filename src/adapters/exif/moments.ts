/** Moments and places as they are written in EXIF, XMP and IPTC, checked and in one form. */

/** The first photograph is from 1826. Clocks that were never set give years such as 0 and 2107. */
const years = { first: 1826, last: 2100 };
const minutesOfDay = 24 * 60;
const maxOffsetMinutes = 14 * 60;

/**
 * Returns a moment such as `2024-06-01T12:30:45+02:00`. The offset from UTC is absent if nobody wrote it. Returns null if the text is no moment
 * of the calendar. `offset`: the offset if the text has none.
 */
export function momentOf(text: string | null | undefined, offset?: string | null): string | null {
  const parts = /^\s*(\d{4})[:/.-](\d\d)[:/.-](\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?/.exec(text ?? "");
  if (parts === null) return null;
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "00", zone] = parts;
  if (!isDay(Number(year), Number(month), Number(day)) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${zoneOf(zone ?? offset)}`;
}

function isDay(year: number, month: number, day: number): boolean {
  if (year < years.first || year > years.last || month < 1 || day < 1) return false;
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function zoneOf(text: string | null | undefined): string {
  const [, sign, hours, minutes] = /^\s*([+-])(\d\d):?(\d\d)\s*$/.exec(text ?? "") ?? [];
  if (sign === undefined) return text?.trim() === "Z" ? "+00:00" : "";
  const total = Number(hours) * 60 + Number(minutes);
  return Number(minutes) > 59 || total > Math.min(maxOffsetMinutes, minutesOfDay) ? "" : `${sign}${hours}:${minutes}`;
}

/** A place in degrees. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** Returns null if a coordinate is missing or impossible. Also for exactly 0, 0, which receivers without a signal write. */
export function placeOf(latitude: number | null, longitude: number | null): Place | null {
  if (latitude === null || longitude === null || (latitude === 0 && longitude === 0)) return null;
  if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180)) return null;
  return { latitude: rounded(latitude), longitude: rounded(longitude) };
}

/** Degrees, minutes and seconds of EXIF, and the letter of the direction. Null if any of them is missing or impossible. */
export function exifDegrees(parts: readonly number[], direction: string | null): number | null {
  const [degrees = Number.NaN, minutes = 0, seconds = 0] = parts.map((part, index) => (index > 0 && Number.isNaN(part) ? 0 : part));
  return signed(degrees, minutes, seconds, direction?.trim().toUpperCase() ?? "");
}

/** A coordinate of XMP, such as `46,12.25N`. */
export function xmpDegrees(text: string | null): number | null {
  const [, degrees, minutes, seconds = "0", direction = ""] =
    /^\s*(\d{1,3}),(\d{1,2}(?:\.\d{1,20})?)(?:,(\d{1,2}(?:\.\d{1,20})?))?\s*([NSEW])\s*$/i.exec(text ?? "") ?? [];
  return degrees === undefined ? null : signed(Number(degrees), Number(minutes), Number(seconds), direction.toUpperCase());
}

function signed(degrees: number, minutes: number, seconds: number, direction: string): number | null {
  const sign = direction === "N" || direction === "E" ? 1 : direction === "S" || direction === "W" ? -1 : 0;
  if (sign === 0 || !(degrees >= 0) || !(minutes >= 0 && minutes < 60) || !(seconds >= 0 && seconds <= 60)) return null;
  return sign * (degrees + minutes / 60 + seconds / 3600);
}

/** Seven digits are a centimetre on the ground. */
function rounded(degrees: number): number {
  return Math.round(degrees * 1e7) / 1e7 + 0;
}
