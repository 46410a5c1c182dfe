/** snake_case in files, camelCase in code. */

type CamelKey<K> = K extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : K;

/** The same settings with camelCase keys, all the way down. */
export type Camelized<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { -readonly [K in keyof T as CamelKey<K>]: Camelized<T[K]> }
    : T;

/** `maps` are settings whose keys are the user's own, such as names of headers: they stay as they are. */
export function camelize<T extends object>(settings: T, maps: ReadonlySet<string>): Camelized<T> {
  return mapKeys(settings, maps, (key) => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())) as Camelized<T>;
}

/** The inverse for keys that are snake_case in files; `M` and `efConstruction` stay as the servers spell them. */
export function snakeize(settings: object, known: ReadonlySet<string>, maps: ReadonlySet<string>): Record<string, unknown> {
  return mapKeys(settings, maps, (key) => {
    const snake = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return known.has(key) ? key : snake;
  });
}

function mapKeys(value: object, maps: ReadonlySet<string>, rename: (key: string) => string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => [
      rename(key),
      isBranch(inner) && !maps.has(key) ? mapKeys(inner, maps, rename) : inner,
    ]),
  );
}

function isBranch(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
