/** Names of fields as clients get them. */

/** Returns the same data with the names of all fields in snake_case. Names that are not in camelCase, such as codes, stay as they are. */
export function snakeCased(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(snakeCased);
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [snakeName(name), snakeCased(value)]));
}

function snakeName(name: string): string {
  return /^[a-z]+([A-Z][a-z0-9]*)+$/.test(name) ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
}
