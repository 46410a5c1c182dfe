/** Names of tables, and how they are written in SQL. */
import { createHash } from "node:crypto";

/** PostgreSQL cuts longer names. */
const maxNameBytes = 63;

/** The only place that puts a name into SQL. Values are parameters. */
export function quoteName(name: string): string {
  return `"${name.replaceAll("\0", "").replaceAll('"', '""')}"`;
}

/** The table of a collection. A name that is too long ends with a part of its hash. */
export function tableName(prefix: string, collection: string): string {
  return fitting(`${prefix}${collection}`);
}

/** The name of an index of a table. */
export function indexName(table: string, what: string): string {
  return fitting(`${table}_${what}_idx`);
}

function fitting(name: string): string {
  if (Buffer.byteLength(name) <= maxNameBytes) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  let head = name;
  while (Buffer.byteLength(head) > maxNameBytes - hash.length - 1) head = head.slice(0, -1);
  return `${head}_${hash}`;
}
