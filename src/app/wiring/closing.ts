/** What a call opens for itself alone, such as a collection: closed when the call is over, or has failed. */

export interface Closable {
  close(): Promise<void>;
}

/** Closes them whatever happens. */
export async function closed<T>(parts: readonly Closable[], use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    await Promise.all(parts.map((part) => part.close()));
  }
}

/** Closes them when it fails; else they are the caller's. */
export async function closedOnError<T>(parts: readonly Closable[], use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    await Promise.all(parts.map((part) => part.close()));
    throw error;
  }
}
