/** The rules of test/unsteady.json, the list of tests that may fail once and pass alone. */

export const mostEntries = 5;
export const mostDays = 30;
const fields = ["test", "file", "date", "reason"];
const dayMs = 86_400_000;

/**
 * What is wrong with a list, in words; empty if nothing is. `today` is a time in milliseconds, and `hasFile` says whether a file of the
 * repository exists.
 */
export function faultsOfList(list, { today, hasFile }) {
  if (!Array.isArray(list)) return ["expected a list"];
  const tooMany =
    list.length > mostEntries ? [`expected at most ${mostEntries} entries, found ${list.length}: fix one of these tests`] : [];
  return [...tooMany, ...list.flatMap((entry, at) => faultsOfEntry(entry, { today, hasFile }).map((fault) => `entry ${at + 1}: ${fault}`))];
}

function faultsOfEntry(entry, { today, hasFile }) {
  const absent = fields.filter((field) => typeof entry?.[field] !== "string" || entry[field].trim() === "");
  if (absent.length > 0) return [`expected texts in ${fields.join(", ")}, found none in ${absent.join(", ")}`];
  const unknown = Object.keys(entry).filter((field) => !fields.includes(field));
  return [
    ...unknown.map((field) => `expected the fields ${fields.join(", ")}, found ${field}`),
    ...(hasFile(entry.file) ? [] : [`expected a test file of the repository, found ${entry.file}`]),
    ...faultsOfDate(entry.date, today),
  ];
}

function faultsOfDate(date, today) {
  const since = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(since)) return [`expected a date like 2026-01-31, found ${date}`];
  const days = Math.floor((today - since) / dayMs);
  if (days < 0) return [`expected the day on which the test was listed, found ${date}, which is still to come`];
  return days > mostDays ? [`expected an entry of the last ${mostDays} days, found one of ${days} days: fix the test`] : [];
}
