/** Coverage by room, and what is wrong with it. */
import { relative } from "node:path";

const kinds = ["lines", "branches"];

/**
 * Sums of covered and all lines and branches by room, from c8's summary by file. A room is a folder of src, or src itself. `partOf` chooses another division.
 */
export function roomsOf(summary, { hasCode, partOf = roomOf }) {
  const rooms = new Map();
  for (const [file, found] of Object.entries(summary)) {
    const path = relative("src", file);
    if (!hasCode(path)) continue;
    const sum = rooms.get(partOf(path)) ?? { files: 0, lines: { covered: 0, total: 0 }, branches: { covered: 0, total: 0 } };
    sum.files += 1;
    for (const kind of kinds) {
      sum[kind].covered += found[kind].covered;
      sum[kind].total += found[kind].total;
    }
    rooms.set(partOf(path), sum);
  }
  return rooms;
}

export function roomOf(path) {
  return path.includes("/") ? path.split("/")[0] : "src";
}

export function percentOf({ covered, total }) {
  return total === 0 ? 100 : (100 * covered) / total;
}

/** Rooms below their floors, rooms without one, and floors without a room, in words. */
export function breachesOf(rooms, floors) {
  const gone = Object.keys(floors).filter((room) => !rooms.has(room));
  const below = [...rooms].flatMap(([room, sum]) => {
    if (floors[room] === undefined) return [`expected a floor for the room ${room}, found none`];
    return kinds
      .filter((kind) => percentOf(sum[kind]) < floors[room][kind])
      .map(
        (kind) =>
          `expected tests to reach at least ${floors[room][kind]} % of the ${kind} of ${room}, found ${percentOf(sum[kind]).toFixed(1)} %`,
      );
  });
  return [...below, ...gone.map((room) => `expected floors of rooms only, found one of ${room}`)];
}

/** The floors that what was measured allows: rounded down to half a percent, and never below those that there are. */
export function raisedFloors(rooms, floors) {
  const halfDown = (percent) => Math.floor(percent * 2) / 2;
  const floorOf = (room, sum, kind) => Math.max(halfDown(percentOf(sum[kind])), floors[room]?.[kind] ?? 0);
  const entries = [...rooms].sort().map(([room, sum]) => [room, Object.fromEntries(kinds.map((kind) => [kind, floorOf(room, sum, kind)]))]);
  return Object.fromEntries(entries);
}
