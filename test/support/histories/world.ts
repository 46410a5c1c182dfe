/** The file system of a history, and the truth about it: each change is made on the disk and remembered. */
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { tarOf } from "../archives.js";
import type { Picture } from "./pictures.js";
import { isPipe, isTable, type ListPath, listPaths, type Root, rootOf, roots, type TarPath, tarPaths } from "./places.js";

/** A picture in a file. A renamed file stays the same thing; a copied one is another thing. */
export interface Thing {
  readonly picture: Picture;
}

/** A line of a list: a picture by its path, and what a person says of it. */
export interface Line {
  readonly path: string;
  /** null: the id is derived from the path. */
  readonly id: string | null;
  readonly caption: string | null;
}

export interface Tar {
  /** null: a file that is no image. */
  readonly members: ReadonlyMap<string, Picture | null>;
  /** Bytes that the file has; null: all. */
  readonly cutAt: number | null;
}

export class World {
  readonly #files = new Map<string, Thing>();
  readonly #tars = new Map<TarPath, Tar>();
  readonly #lists = new Map<ListPath, readonly Line[]>();
  /** Files of which people have said something. */
  readonly favourites = new Set<string>();
  readonly #away = new Map<Root, "missing" | "empty">();
  #ids = 0;

  constructor(readonly base: string) {
    for (const path of [...roots, ...tarPaths.map(dirname), ...listPaths.filter((path) => !isPipe(path)).map(dirname), ".away"]) {
      mkdirSync(join(base, path), { recursive: true });
    }
    for (const path of listPaths) this.writeList(path, []);
  }

  /** All files with pictures, those of unmounted roots too. */
  get files(): ReadonlyMap<string, Thing> {
    return this.#files;
  }

  /** How an unmounted root looks: its mount point is missing or empty. undefined: the root is mounted. */
  away(root: Root): "missing" | "empty" | undefined {
    return this.#away.get(root);
  }

  /** Whether a path can be seen now, if it is there at all. */
  isMounted(path: string): boolean {
    const root = rootOf(path);
    return root === null || !this.#away.has(root);
  }

  visible(path: string): Thing | undefined {
    return this.isMounted(path) ? this.#files.get(path) : undefined;
  }

  /** A new file can be written there: neither a folder is there, nor a file where a folder is needed. */
  isFree(path: string): boolean {
    return (
      this.isMounted(path) &&
      ![...this.#files.keys()].some((each) => each.startsWith(`${path}/`) || path === each || path.startsWith(`${each}/`))
    );
  }

  /** Whether a folder below the root, which has no image, is named like one. */
  hasFolderNamedAsImage(root: Root): boolean {
    if (this.away(root) !== undefined) return false;
    return readdirSync(join(this.base, root), { recursive: true, withFileTypes: true }).some(
      (entry) => entry.isDirectory() && entry.name.endsWith(".jpg"),
    );
  }

  uri(path: string): string {
    return pathToFileURL(join(this.base, path)).href;
  }

  memberUri(path: TarPath, name: string): string {
    return `${this.uri(path).replace("file:", "tar:")}#${name}`;
  }

  put(path: string, picture: Picture): void {
    this.#write(path, picture.bytes);
    this.#files.set(path, { picture });
  }

  remove(path: string): void {
    rmSync(join(this.base, path), { recursive: true, force: true });
    this.#files.delete(path);
    this.#tidy(dirname(path));
  }

  rename(from: string, to: string): void {
    const thing = this.#files.get(from)!;
    mkdirSync(dirname(join(this.base, to)), { recursive: true });
    rmSync(join(this.base, to), { recursive: true, force: true });
    renameSync(join(this.base, from), join(this.base, to));
    this.#files.delete(from);
    this.#files.set(to, thing);
    if (this.favourites.delete(from)) this.favourites.add(to);
    this.#tidy(dirname(from));
  }

  unmount(root: Root, left: "missing" | "empty"): void {
    renameSync(join(this.base, root), join(this.base, ".away", root));
    if (left === "empty") mkdirSync(join(this.base, root));
    this.#away.set(root, left);
  }

  mount(root: Root): void {
    rmSync(join(this.base, root), { recursive: true, force: true });
    renameSync(join(this.base, ".away", root), join(this.base, root));
    this.#away.delete(root);
  }

  tar(path: TarPath): Tar | undefined {
    return this.#tars.get(path);
  }

  writeTar(path: TarPath, members: Tar["members"], cutAt: number | null = null): void {
    const whole = tarOf([...members].map(([name, picture]) => ({ name, bytes: picture?.bytes ?? Buffer.alloc(3_000, 7) })));
    this.#write(path, cutAt === null ? whole : whole.subarray(0, cutAt));
    this.#tars.set(path, { members, cutAt });
  }

  removeTar(path: TarPath): void {
    rmSync(join(this.base, path));
    this.#tars.delete(path);
  }

  list(path: ListPath): readonly Line[] {
    return this.#lists.get(path) ?? [];
  }

  /** The text of a list, which is written to its file unless the list is piped. */
  writeList(path: ListPath, lines: readonly Line[]): void {
    this.#lists.set(path, lines);
    if (!isPipe(path)) this.#write(path, Buffer.from(this.listText(path)));
  }

  listText(path: ListPath): string {
    const lines = this.list(path).map((line) => ({ ...line, input: join(this.base, line.path) }));
    if (isTable(path))
      return ["input,id,caption", ...lines.map(({ input, id, caption }) => `${input},${id},${caption ?? ""}`), ""].join("\n");
    const manifest = lines.map(({ input, id, caption }) => ({
      input,
      ...(id === null ? {} : { id }),
      ...(caption === null ? {} : { metadata: { caption } }),
    }));
    return manifest.map((line) => `${JSON.stringify(line)}\n`).join("");
  }

  /** An id or a caption that nobody has used before. */
  newName(kind: "sku" | "caption"): string {
    this.#ids += 1;
    return `${kind}-${this.#ids}`;
  }

  /** Removes an empty folder with the name of an image. The product takes such a folder for an image that cannot be read. */
  #tidy(folder: string): void {
    if (folder.endsWith(".jpg") && readdirSync(join(this.base, folder)).length === 0) rmdirSync(join(this.base, folder));
  }

  #write(path: string, bytes: Uint8Array): void {
    mkdirSync(dirname(join(this.base, path)), { recursive: true });
    // A folder whose files are all gone may be in the place of the new file.
    if (statSync(join(this.base, path), { throwIfNoEntry: false })?.isDirectory()) rmSync(join(this.base, path), { recursive: true });
    writeFileSync(join(this.base, path), bytes);
  }
}
