/** Prints what `npm run coverage` found, per room, and fails when the whole is below the floor that `.c8rc.json` sets. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const floor = read(".c8rc.json");
const { total: _, ...files } = read(`${floor["reports-dir"]}/coverage-summary.json`);
const rooms = new Map();
for (const [file, found] of Object.entries(files)) {
  const path = relative("src", file);
  if (!hasCode(path)) continue;
  for (const room of [roomOf(path), "all"]) {
    const sum = rooms.get(room) ?? { files: 0, lines: [0, 0], branches: [0, 0] };
    sum.files += 1;
    for (const what of ["lines", "branches"]) sum[what] = [sum[what][0] + found[what].covered, sum[what][1] + found[what].total];
    rooms.set(room, sum);
  }
}
const { all, ...each } = Object.fromEntries(rooms);
const rows = [...Object.entries(each).sort(), ["all", all]].map(([room, sum]) => [
  room,
  sum.files,
  percent(sum.lines),
  percent(sum.branches),
]);
for (const row of [["room", "files", "lines %", "branches %"], ...rows]) {
  process.stdout.write(
    `${String(row[0]).padEnd(20)}${row
      .slice(1)
      .map((cell) => String(cell).padStart(12))
      .join("")}\n`,
  );
}
process.stdout.write(`Line by line: ${floor["reports-dir"]}/index.html\n`);
for (const what of ["lines", "branches"]) {
  if (Number(percent(all[what])) >= floor[what]) continue;
  process.stderr.write(`Expected tests to reach at least ${floor[what]} % of the ${what} (.c8rc.json), found ${percent(all[what])} %.\n`);
  process.exitCode = 1;
}

/** A file of types alone is not in the program: nothing can reach it. */
function hasCode(path) {
  return (
    readFileSync(`build/src/${path.replace(/\.ts$/, ".js")}`, "utf8")
      .replace(/^\/\/# sourceMappingURL=.*$/m, "")
      .trim() !== ""
  );
}

function roomOf(path) {
  const [room, adapter] = path.split("/");
  return room === "adapters" ? `${room}/${adapter}` : room;
}

function percent([covered, total]) {
  return total === 0 ? "100.0" : ((100 * covered) / total).toFixed(1);
}

function read(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
