/** Runs work as a user whom permissions stop. */

const nobody = 65_534;

/** Root reads everything, so it becomes nobody for the time of `work`; anyone else stays who they are. Folders on the way need mode 755. */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(nobody);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
