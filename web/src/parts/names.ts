/** Short names of things for people. */

/** The last part of a path or address, without what computers add. */
export function nameOfSource(source: string): string {
  const hash = source.indexOf("#");
  const path = hash >= 0 && /^(tar|tgz|zip|parquet):/.test(source) ? source.slice(hash + 1) : source.replace(/[?#].*$/, "");
  const last = path.split("/").filter(Boolean).at(-1) ?? source;
  if (last.startsWith("sha256:")) return last.slice(0, 15);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

export const scoreText = (score: number): string => score.toFixed(3);
