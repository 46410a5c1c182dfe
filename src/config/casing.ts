/** snake_case in files, camelCase in code. */

type CamelKey<K> = K extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : K;

/** The same settings with camelCase keys, all the way down. */
export type Camelized<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { -readonly [K in keyof T as CamelKey<K>]: Camelized<T[K]> }
    : T;

export function camelize<T extends object>(settings: T): Camelized<T> {
  return mapKeys(settings, (key) => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())) as Camelized<T>;
}

/** The inverse for keys that are snake_case in files; `M` and `efConstruction` stay as the servers spell them. */
export function snakeize(settings: object, known: ReadonlySet<string>): Record<string, unknown> {
  return mapKeys(settings, (key) => {
    const snake = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return known.has(key) ? key : snake;
  });
}

function mapKeys(value: object, rename: (key: string) => string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => [rename(key), isBranch(inner) ? mapKeys(inner, rename) : inner]),
  );
}

function isBranch(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
