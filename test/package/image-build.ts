/**
 * Builds the images of the Dockerfile in folders, without a container engine. Each stage is a folder that stands for its root. Two things
 * differ from a real build: `npm ci` is replaced by hard links to the installed packages of this checkout, and files have no other owner.
 * The base image is an empty folder, so the commands of the steps are those of this machine.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { contextFilter, copyOf, type Stage, stagesOf } from "./dockerfile.js";

export interface BuiltImages extends Disposable {
  /** The folder that stands for the root of a stage. */
  root(stage: string): string;
}

export interface ImageBuild {
  /** Default: the checkout's. */
  readonly dockerignore?: string;
  /** Stages to build, with those that they need. */
  readonly stages: readonly string[];
}

/** Top folders of the images. In RUN, a path below one of them is a path below the stage's folder. */
const places = /(?<=^|[\s"'=])\/(?=(?:build|data|models|opt|packages|usr\/local)(?:\/|\s|$))/g;

/** Throws the output of the step that fails. */
export function buildImages({ dockerignore, stages: wanted }: ImageBuild): BuiltImages {
  // Not below the checkout: Node would find there what the image lacks.
  const folder = mkdtempSync(join(tmpdir(), "headrace-images-"));
  const remove = (): void => void execFileSync("rm", ["-rf", folder]);
  try {
    const stages = stagesOf(readFileSync("Dockerfile", "utf8"));
    const context = join(folder, "context");
    writeContext(context, contextFilter(dockerignore));
    const root = (stage: string): string => join(folder, "stages", stage);
    const done = new Map<string, Ended>();
    for (const stage of withNeeded(stages, wanted)) buildStage(stage, { root, context, done });
    return { root, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The checkout's files that Git knows or would add, without what .dockerignore leaves out. */
function writeContext(context: string, isIncluded: (path: string) => boolean): void {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
  for (const path of listed.split("\n")) {
    if (path !== "" && isIncluded(path) && existsSync(path)) cpSync(path, join(context, path));
  }
}

function withNeeded(stages: readonly Stage[], wanted: readonly string[]): readonly Stage[] {
  const needed = new Set<string>();
  const add = (name: string): void => {
    const stage = stages.find((each) => each.name === name);
    if (stage === undefined || needed.has(name)) return;
    needed.add(name);
    add(stage.from);
    for (const { name: kind, rest } of stage.instructions) if (kind === "COPY") add(copyOf(rest).stage ?? "");
  };
  for (const name of wanted) add(name);
  return stages.filter(({ name }) => needed.has(name));
}

interface Around {
  readonly root: (stage: string) => string;
  readonly context: string;
  /** How the stages that are done have ended. */
  readonly done: Map<string, Ended>;
}

/** What a stage leaves to those that are made from it. */
interface Ended {
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
}

function buildStage(stage: Stage, { root, context, done }: Around): void {
  const own = root(stage.name);
  const base = done.get(stage.from);
  mkdirSync(dirname(own), { recursive: true });
  if (base !== undefined) execFileSync("cp", ["-al", root(stage.from), own]);
  else mkdirSync(join(own, "usr", "local", "bin"), { recursive: true });
  let { workdir, environment } = base ?? { workdir: "/", environment: {} };
  for (const { name, rest } of stage.instructions) {
    if (name === "WORKDIR") {
      workdir = posix.resolve(workdir, rest);
      mkdirSync(join(own, workdir), { recursive: true });
    } else if (name === "ENV") environment = { ...environment, ...variablesIn(rest) };
    else if (name === "COPY") copy(rest, { own, workdir, root, context });
    else if (name === "RUN") runStep(rest, { own, workdir, environment });
  }
  done.set(stage.name, { workdir, environment });
}

function copy(
  rest: string,
  { own, workdir, root, context }: { own: string; workdir: string; root: Around["root"]; context: string },
): void {
  const { stage, paths, to } = copyOf(rest);
  const target = join(own, posix.resolve(workdir, to));
  for (const path of paths) {
    const from = join(stage === null ? context : root(stage), path);
    if (!existsSync(from)) throw new Error(`COPY ${rest}: expected ${path} in ${stage ?? "the build context"}, found nothing`);
    // Docker copies what is in a folder, but a file by its name.
    const isFile = statSync(from).isFile();
    const isInto = isFile && (to.endsWith("/") || to === ".");
    mkdirSync(isFile && !isInto ? dirname(target) : target, { recursive: true });
    execFileSync("cp", ["-al", isFile ? from : `${from}/.`, target]);
  }
}

function runStep(
  command: string,
  { own, workdir, environment }: { own: string; workdir: string; environment: Ended["environment"] },
): void {
  const cwd = join(own, workdir);
  if (/^npm ci --ignore-scripts( |$)/.test(command)) {
    if (!existsSync(join(cwd, "package-lock.json"))) throw new Error("npm ci: expected package-lock.json, found none");
    linkFolder("node_modules", join(cwd, "node_modules"));
    return;
  }
  const here = command.replace(places, `${own}/`).replace(/\bchown \d+:\d+/g, "ls -d");
  const { PATH = "", HOME = tmpdir() } = process.env;
  try {
    execFileSync("sh", ["-c", here], { cwd, env: { PATH, HOME, ...environment }, stdio: "pipe" });
  } catch (error) {
    throw new Error(`RUN ${command}\n${String((error as { readonly stderr?: Buffer }).stderr ?? "")}`, { cause: error });
  }
}

/** The variables of one ENV. */
export function variablesIn(rest: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...rest.matchAll(/([A-Z][A-Z0-9_]*)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]));
}

/** Hard links where the file system allows them, else copies. */
function linkFolder(from: string, to: string): void {
  const isSameDevice = statSync(from).dev === statSync(dirname(to)).dev;
  execFileSync("cp", [isSameDevice ? "-al" : "-a", from, to]);
}
