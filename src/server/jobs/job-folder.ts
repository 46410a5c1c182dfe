/** The folder of one job: its record, the images that came with the request, its failures and its snapshot. */
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { StagedFiles } from "../../kit/index.js";
import { type FolderSpace, type JobSpace, spaceOf } from "../kept/job-space.js";
import { jobKinds, jobStates } from "../wire/wire-jobs.js";
import type { Job } from "./job.js";

/** Folders with such names are not jobs yet. */
export const draftPrefix = ".draft-";
const snapshotName = "snapshot.parquet";
/** The number of the record's format. */
const version = 1;

export class JobFolder {
  constructor(
    readonly path: string,
    readonly space: FolderSpace,
  ) {}

  get failuresPath(): string {
    return join(this.path, "failures.jsonl");
  }

  /** The images that came with the request: JSON lines of a manifest, whose paths count from this folder. */
  get linesPath(): string {
    return join(this.path, "lines.jsonl");
  }

  /** Images by the SHA-256 of their bytes. */
  get uploadsPath(): string {
    return join(this.path, "uploads");
  }

  /** Uploads that the job uses, as they arrived. */
  get arrivedPath(): string {
    return join(this.path, "arrived");
  }

  /** What is said of each of these uploads, as JSON lines. */
  get arrivedListPath(): string {
    return join(this.path, "arrived.jsonl");
  }

  /** The images in these uploads: JSON lines of a manifest, whose paths count from this folder. */
  get unpackedPath(): string {
    return join(this.path, "unpacked.jsonl");
  }

  /** What of these uploads is no image that the job gets, as JSON lines. */
  get refusedPath(): string {
    return join(this.path, "refused.jsonl");
  }

  /** The rows of the collection that an export has read. */
  get snapshotPath(): string {
    return join(this.path, snapshotName);
  }

  /** Replaces the record as a whole: a crash leaves the old one or the new one. */
  async write(job: Job): Promise<void> {
    const path = join(this.path, "job.json");
    const files = await StagedFiles.create([path]);
    try {
      await files.append(path, `${JSON.stringify({ version, ...job })}\n`);
      await files.place();
    } finally {
      await files.discard();
    }
  }

  /** Returns whether images came with the request. */
  async hasLines(): Promise<boolean> {
    return (await stat(this.linesPath).catch(absent)) !== null;
  }

  /** Returns whether the job uses uploads. */
  async hasArrived(): Promise<boolean> {
    return (await stat(this.arrivedListPath).catch(absent)) !== null;
  }

  /** Deletes the images that came with the request, except those in `kept`. */
  async forgetUploads(kept: ReadonlySet<string>): Promise<void> {
    const names = (await readdir(this.uploadsPath).catch(absent)) ?? [];
    for (const name of names) if (!kept.has(name)) await rm(join(this.uploadsPath, name), { force: true });
    for (const path of [this.linesPath, this.arrivedListPath, this.unpackedPath, this.refusedPath, this.arrivedPath])
      await rm(path, { recursive: true, force: true });
    await this.measure();
  }

  /** Deletes what an export has left that did not end. Call it while none runs. */
  async forgetPartialSnapshots(): Promise<void> {
    for (const name of await this.#snapshotNames()) if (name !== snapshotName) await rm(join(this.path, name), { force: true });
    await this.measure();
  }

  /** Counts the images and the snapshot that are in the folder now. */
  async measure(): Promise<void> {
    const snapshots = await bytesOf(this.path, await this.#snapshotNames());
    const arrived = await bytesOf(this.arrivedPath, (await readdir(this.arrivedPath).catch(absent)) ?? [], "unlinked");
    this.space.set((await this.uploadsBytes()) + arrived + snapshots);
  }

  /** What the images in the folder take of the disk. */
  async uploadsBytes(): Promise<number> {
    return bytesOf(this.uploadsPath, (await readdir(this.uploadsPath).catch(absent)) ?? []);
  }

  async #snapshotNames(): Promise<readonly string[]> {
    return ((await readdir(this.path).catch(absent)) ?? []).filter((name) => name.startsWith(snapshotName));
  }

  async delete(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    this.space.set(0);
  }
}

/** Returns null for a damaged record. */
function parsed(text: string): Job | null {
  try {
    const { version: found, ...record } = JSON.parse(text) as Job & { readonly version: number };
    if (found !== version || !isRecord(record)) return null;
    // Records of earlier versions lack these.
    return {
      ...record,
      client: record.client ?? record.idempotency?.client ?? "",
      request: { ...record.request, kind: record.request.kind ?? "ingest", snapshotOf: record.request.snapshotOf ?? null },
    };
  } catch {
    return null;
  }
}

function isRecord({ state, request }: Partial<Job>): boolean {
  const isKnownKind = request?.kind === undefined || jobKinds.some((known) => known === request.kind);
  return jobStates.some((known) => known === state) && typeof request?.collection === "string" && isKnownKind;
}

export interface FoundJob {
  readonly folder: JobFolder;
  /** null for a folder without a whole record of this version. */
  readonly job: Job | null;
}

/** Returns all jobs below `parent`. Deletes drafts that a crash has left. Other names that begin with a dot are no jobs. */
export async function findJobs(parent: string, space: JobSpace): Promise<readonly FoundJob[]> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const entries = await readdir(parent, { withFileTypes: true });
  const found: FoundJob[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory() || (entry.name.startsWith(".") && !entry.name.startsWith(draftPrefix))) continue;
    const path = join(parent, entry.name);
    if (entry.name.startsWith(draftPrefix)) {
      await rm(path, { recursive: true, force: true });
      continue;
    }
    const job = await recordIn(path);
    const folder = new JobFolder(path, space.folder(path, job?.client ?? ""));
    await folder.measure();
    found.push({ folder, job });
  }
  return found;
}

async function recordIn(path: string): Promise<Job | null> {
  const text = await readFile(join(path, "job.json"), "utf8").catch(absent);
  const record = text === null ? null : parsed(text);
  return record !== null && record.id === basename(path) ? record : null;
}

/** "unlinked": a file that has another name counts there. */
async function bytesOf(folder: string, names: readonly string[], which: "all" | "unlinked" = "all"): Promise<number> {
  let bytes = 0;
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(absent);
    if (found !== null && (which === "all" || found.nlink === 1)) bytes += spaceOf(found.size);
  }
  return bytes;
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
