/** Reads a Dockerfile and a .dockerignore, as far as those of this project go. Anything else in them is an error, never skipped. */
import { readFileSync } from "node:fs";

export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

export interface Stage {
  readonly name: string;
  /** Another stage, or the variable of the base image. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

const known = new Set(["ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "RUN", "USER", "WORKDIR"]);

/** The stages in order. Arguments before the first one belong to none. */
export function stagesOf(text: string): readonly Stage[] {
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const line of linesOf(text)) {
    const [, name = "", rest = ""] = /^(\S+)\s+([\s\S]*)$/.exec(line) ?? [];
    if (name === "FROM") {
      const [, from = "", stage = ""] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
      if (stage === "") throw new Error(`FROM: expected a name, found ${rest}`);
      stages.push({ name: stage, from, instructions: [] });
    } else if (!known.has(name)) {
      throw new Error(`Dockerfile: expected one of ${[...known].join(", ")}, found ${line}`);
    } else {
      stages.at(-1)?.instructions.push({ name, rest });
    }
  }
  return stages;
}

/** The last instruction of this name that holds for the stage, which may be of a stage that it is made from. */
export function lastOf(stages: readonly Stage[], stage: string, name: string): string {
  const found = stages.find((each) => each.name === stage);
  if (found === undefined) throw new Error(`${name}: expected it for the image, found none`);
  return found.instructions.findLast((each) => each.name === name)?.rest ?? lastOf(stages, found.from, name);
}

/** What COPY takes, from which stage (null: the build context), and to where. */
export function copyOf(rest: string): { readonly stage: string | null; readonly paths: readonly string[]; readonly to: string } {
  const words = rest.split(/\s+/);
  const stage = words[0]?.startsWith("--from=") === true ? (words.shift()?.slice("--from=".length) ?? null) : null;
  if (words.some((word) => word.startsWith("--"))) throw new Error(`COPY: expected no flag but --from, found ${rest}`);
  return { stage, paths: words.slice(0, -1), to: words.at(-1) ?? "" };
}

/** Whether a file, by its path in the repository, is in the build context: the last matching line counts, as Docker does it. */
export function contextFilter(dockerignore = readFileSync(".dockerignore", "utf8")): (path: string) => boolean {
  const rules = dockerignore.split("\n").flatMap((line) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const isKept = line.startsWith("!");
    const pattern = isKept ? line.slice(1) : line;
    return [{ isKept, pattern: new RegExp(`^${patternText(pattern)}(?:/|$)`) }];
  });
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.isKept ?? true;
}

/** As a regular expression: `**` is any path, and `*` any name, also one that begins with a dot. */
function patternText(pattern: string): string {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return escaped.replace(/\*+/g, (stars) => (stars === "*" ? "[^/]*" : ".*"));
}

/** Without comments, and each continued line in one piece. */
function linesOf(text: string): readonly string[] {
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  return lines
    .join("\n")
    .replace(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
}
