/**
 * The cache of one model, in the layout of the hub's own tools: `blobs` has each file once, by its hash; `snapshots/COMMIT` has the files of
 * a commit by their paths, as links; `refs/REVISION` has the commit of a branch or a tag.
 */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import * as z from "zod";
import { fileError } from "../../kit/index.js";
import type { HubAddress } from "./address.js";
import type { HubFile } from "./repository-files.js";

/** Written when all files of a commit are there, in one precision. */
const pulled = z.object({
  commit: z.string(),
  precision: z.string(),
  files: z.array(z.object({ path: z.string(), sizeBytes: z.number() })),
});
const pulledText = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      context.addIssue(String(error));
      return z.NEVER;
    }
  })
  .pipe(pulled);
export type PulledModel = z.output<typeof pulled>;

export class ModelCache {
  readonly folder: string;

  constructor(
    cache: string,
    readonly address: HubAddress,
  ) {
    this.folder = join(cache, `models--${address.repository.replaceAll("/", "--")}`);
  }

  /** The lock of those who write. */
  get lock(): string {
    return join(this.folder, "headrace", "pull.lock");
  }

  blob({ hash }: HubFile): string {
    return join(this.folder, "blobs", hash.hex);
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  /** The commit that a branch or a tag had when it was fetched. Null: it was not fetched. */
  async commit(): Promise<string | null> {
    const { revision } = this.address;
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    const text = await textOf(join(this.folder, "refs", revision));
    return text !== null && /^[0-9a-f]{40}$/.test(text.trim()) ? text.trim() : null;
  }

  /** The model of this revision, if all its files are there. */
  async pulled(precision: string): Promise<PulledModel | null> {
    const commit = await this.commit();
    const model = commit === null ? null : await this.#record(commit, precision);
    if (model === null) return null;
    const sizes = await Promise.all(model.files.map(({ path }) => sizeOf(join(this.snapshot(model.commit), path))));
    return model.files.every(({ sizeBytes }, at) => sizes[at] === sizeBytes) ? model : null;
  }

  /** All models of this repository that were pulled, of any revision. */
  async records(): Promise<readonly PulledModel[]> {
    const names = await namesIn(join(this.folder, "headrace"));
    const found = await Promise.all(
      names.flatMap((name) => {
        const [, commit, precision] = /^([0-9a-f]{40})-(\w+)\.json$/.exec(name) ?? [];
        return commit === undefined || precision === undefined ? [] : [this.#record(commit, precision)];
      }),
    );
    return found.filter((model) => model !== null);
  }

  /** Puts files whose blobs are there into the folder of the commit, and then notes that they are complete. */
  async complete(commit: string, precision: string, files: readonly HubFile[]): Promise<void> {
    for (const file of files) await this.#link(file, join(this.snapshot(commit), file.path));
    const model: PulledModel = { commit, precision, files: files.map(({ path, sizeBytes }) => ({ path, sizeBytes })) };
    await this.#write(this.#recordPath(commit, precision), `${JSON.stringify(model, null, 2)}\n`);
    if (this.address.revision !== commit) await this.#write(join(this.folder, "refs", this.address.revision), commit);
  }

  /** Systems that allow no links get a copy. */
  async #link(file: HubFile, path: string): Promise<void> {
    if ((await sizeOf(path)) === file.sizeBytes) return;
    try {
      await mkdir(dirname(path), { recursive: true });
      await rm(path, { force: true });
      await symlink(relative(dirname(path), this.blob(file)), path).catch(() => copyFile(this.blob(file), path));
    } catch (cause) {
      throw fileError(cause, path, "written");
    }
  }

  async #record(commit: string, precision: string): Promise<PulledModel | null> {
    const text = await textOf(this.#recordPath(commit, precision));
    const record = text === null ? null : pulledText.safeParse(text);
    return record?.success === true ? record.data : null;
  }

  #recordPath(commit: string, precision: string): string {
    return join(this.folder, "headrace", `${commit}-${precision}.json`);
  }

  async #write(path: string, text: string): Promise<void> {
    const draft = `${path}.${process.pid}.draft`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(draft, text);
      await rename(draft, path);
    } catch (cause) {
      throw fileError(cause, path, "written");
    }
  }
}

/** The repositories in the cache from which a model was pulled. */
export async function pulledRepositories(cache: string): Promise<readonly string[]> {
  const names = await namesIn(cache);
  return names
    .filter((name) => name.startsWith("models--") && existsSync(join(cache, name, "headrace")))
    .map((name) => name.slice("models--".length).replaceAll("--", "/"));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw fileError(cause, folder, "read");
  }
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw fileError(cause, path, "read");
  }
}

/** Null: there is no such file. */
export async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw fileError(cause, path, "read");
  }
}

function isMissing(cause: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "EISDIR"].includes((cause as NodeJS.ErrnoException).code ?? "");
}
