/**
 * Prints what `npm run coverage` found, per room, and fails when a room is below its floor in scripts/coverage-floors.json. With `--raise`, it
 * writes the floors that were reached into this file.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { breachesOf, percentOf, raisedFloors, roomOf, roomsOf } from "./coverage-rooms.mjs";

const floorsPath = "scripts/coverage-floors.json";
const reports = read(".c8rc.json")["reports-dir"];
const { total: _, ...files } = read(`${reports}/coverage-summary.json`);
const floors = read(floorsPath);
const rooms = roomsOf(files, { hasCode });

const isAdapter = (path) => roomOf(path) === "adapters";
const adapters = roomsOf(files, {
  hasCode: (path) => isAdapter(path) && hasCode(path),
  partOf: (path) => path.split("/").slice(0, 2).join("/"),
});
const all = roomsOf(files, { hasCode, partOf: () => "all" });
printRow(["room", "files", "lines %", "floor", "branches %", "floor"]);
for (const [room, sum] of [...[...rooms, ...adapters].sort(), ...all]) {
  const cells = ["lines", "branches"].flatMap((kind) => [percentOf(sum[kind]).toFixed(1), floors[room]?.[kind] ?? ""]);
  printRow([room, sum.files, ...cells]);
}
process.stdout.write(`Line by line: ${reports}/index.html\n`);

if (process.argv.includes("--raise")) {
  writeFileSync(floorsPath, `${JSON.stringify(raisedFloors(rooms, floors), null, 2)}\n`);
} else {
  const breaches = breachesOf(rooms, floors);
  for (const breach of breaches) process.stderr.write(`${floorsPath}: ${breach}.\n`);
  if (breaches.length > 0) process.exitCode = 1;
}

/** A file of types alone is not in the program: nothing can reach it. */
function hasCode(path) {
  return (
    readFileSync(`build/src/${path.replace(/\.ts$/, ".js")}`, "utf8")
      .replace(/^\/\/# sourceMappingURL=.*$/m, "")
      .trim() !== ""
  );
}

function printRow([name, ...cells]) {
  process.stdout.write(`${String(name).padEnd(20)}${cells.map((cell) => String(cell).padStart(12)).join("")}\n`);
}

function read(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
