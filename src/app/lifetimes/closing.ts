/** Closes things that one call has opened, such as a collection. */

export interface Closable {
  close(): Promise<void>;
}

/** Closes the parts after `use` ends, even if `use` fails. */
export async function closed<T>(parts: readonly Closable[], use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    await Promise.all(parts.map((part) => part.close()));
  }
}

/** Closes the parts only if `use` fails. Otherwise the caller must close them. */
export async function closedOnError<T>(parts: readonly Closable[], use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    await Promise.all(parts.map((part) => part.close()));
    throw error;
  }
}
