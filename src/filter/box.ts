/** Places near a place, as comparisons of degrees, which every store can make. */
import type { Filter } from "../contracts/index.js";

const earthRadiusMetres = 6_371_008.8;
const radians = Math.PI / 180;

export interface PlaceKeys {
  readonly latitudeKey: string;
  readonly longitudeKey: string;
}

/**
 * Returns a filter for a box that just contains the circle around a place. So no place within the distance is missed, and places in the corners
 * are up to 1.5 times as far. The box may contain a pole, or lie on both sides of the meridian of 180 degrees.
 */
export function boxAround(
  { latitudeKey, longitudeKey }: PlaceKeys,
  { latitude, longitude }: { readonly latitude: number; readonly longitude: number },
  distanceMetres: number,
): Filter {
  const angle = distanceMetres / earthRadiusMetres;
  const [south, north] = [latitude - angle / radians, latitude + angle / radians];
  const [least, most] = [Math.max(-90, outward(south, Math.floor)), Math.min(90, outward(north, Math.ceil))];
  const latitudes = [atLeast(latitudeKey, least), atMost(latitudeKey, most)];
  if (south <= -90 || north >= 90) return { kind: "and", all: [...latitudes, atLeast(longitudeKey, -180), atMost(longitudeKey, 180)] };
  const width = Math.asin(Math.min(1, Math.sin(angle) / Math.cos(latitude * radians))) / radians;
  const [west, east] = [outward(longitude - width, Math.floor), outward(longitude + width, Math.ceil)];
  if (west >= -180 && east <= 180) return { kind: "and", all: [...latitudes, atLeast(longitudeKey, west), atMost(longitudeKey, east)] };
  const [from, to] = west < -180 ? [west + 360, east] : [west, east - 360];
  return { kind: "and", all: [...latitudes, { kind: "or", any: [atLeast(longitudeKey, from), atMost(longitudeKey, to)] }] };
}

/** Stored degrees have seven digits. */
function outward(degrees: number, round: (value: number) => number): number {
  return round(degrees * 1e7) / 1e7;
}

function atLeast(key: string, value: number): Filter {
  return { kind: "compare", key, operator: ">=", value };
}

function atMost(key: string, value: number): Filter {
  return { kind: "compare", key, operator: "<=", value };
}
