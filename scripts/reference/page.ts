/** Documentation that is made from code: whole pages, and the marked parts of pages that people write. */

/** One generated page, or one that has generated parts. */
export interface ReferencePage {
  /** From the repository root. */
  readonly path: string;
  /** The page as it must be; `current` is the page as it is, empty when there is none. */
  render(current: string): Promise<string> | string;
}

/** The line under a generated page's title. */
export const generatedNote = "<!-- Written by `npm run reference`; change the code that it is made from. -->";

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->`. */
export function replaceMarked(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`Expected ${start} … ${end} in the page but found none.`);
  return `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`;
}
