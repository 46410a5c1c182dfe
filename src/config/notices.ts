/** Settings that files of other programs have and that have no effect here. They are taken out before the rest is checked. */

/**
 * The dotted paths of such settings, in the names of files; `*` stands for each entry of a list. The value is the one that needs no notice,
 * because it describes what happens anyway.
 */
export type IgnoredSettings = Readonly<Record<string, unknown>>;

/** Removes the settings from `values`. Returns the paths of those that deserve a notice. */
export function takeIgnored(values: unknown, ignored: IgnoredSettings): readonly string[] {
  return Object.entries(ignored).flatMap(([pattern, usual]) => take(values, pattern.split("."), usual, ""));
}

function take(values: unknown, [key = "", ...rest]: readonly string[], usual: unknown, prefix: string): readonly string[] {
  if (typeof values !== "object" || values === null) return [];
  const branch = values as Record<string, unknown>;
  const keys = key === "*" ? Object.keys(branch) : Object.hasOwn(branch, key) ? [key] : [];
  return keys.flatMap((each) => {
    if (rest.length > 0) return take(branch[each], rest, usual, `${prefix}${each}.`);
    const value = branch[each];
    delete branch[each];
    return value === usual ? [] : [`${prefix}${each}`];
  });
}

/** One sentence that names all of them. Undefined if there is none. */
export function noticeOf(paths: readonly string[], origins: ReadonlyMap<string, string>): string | undefined {
  if (paths.length === 0) return undefined;
  const named = paths.map((path) => `"${path}" (${origins.get(path) ?? "configuration"})`);
  return `Accepted for files of the Python service, without effect: ${named.join(", ")}.`;
}
