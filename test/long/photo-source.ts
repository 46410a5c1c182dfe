/** A source of small pictures in several forms, some of them damaged, that a test can change. */
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { ListingRequest } from "../../src/app/index.js";

export type SourceKind = "folder" | "glob" | "manifest";

const side = 48;

/** The pictures of a folder by name: whether each can be decoded. */
export class PhotoSource {
  readonly #folder: string;
  readonly photos = new Map<string, "good" | "damaged">();

  private constructor(
    readonly base: string,
    readonly kind: SourceKind,
  ) {
    this.#folder = join(base, "photos");
  }

  static async make(base: string, kind: SourceKind, { good, damaged }: { readonly good: number; readonly damaged: number }) {
    const source = new PhotoSource(base, kind);
    await mkdir(source.#folder, { recursive: true });
    for (let index = 0; index < good; index++) await source.add(`good-${index}.png`);
    for (let index = 0; index < damaged; index++) await source.addDamaged(`bad-${index}.png`);
    await source.#writeManifest();
    return source;
  }

  get request(): ListingRequest {
    if (this.kind === "manifest") return { paths: [], manifest: join(this.base, "photos.jsonl") };
    return { paths: [this.kind === "glob" ? join(this.#folder, "*.png") : this.#folder] };
  }

  pathOf(name: string): string {
    return join(this.#folder, name);
  }

  /** Names of the pictures that can be decoded, or cannot. Sorted. */
  named(standing: "good" | "damaged"): readonly string[] {
    return [...this.photos].flatMap(([name, each]) => (each === standing ? [name] : [])).sort();
  }

  async add(name: string): Promise<void> {
    const seed = [...name].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 65_521, 7);
    const data = Buffer.from(Array.from({ length: side * side * 3 }, (_, index) => (index * (seed % 251) + seed) % 256));
    await sharp(data, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toFile(this.pathOf(name));
    this.photos.set(name, "good");
  }

  async addDamaged(name: string): Promise<void> {
    await writeFile(this.pathOf(name), `no picture: ${name}`);
    this.photos.set(name, "damaged");
  }

  /** Makes all damaged pictures good. */
  async heal(): Promise<void> {
    for (const name of this.named("damaged")) await this.add(name);
  }

  /** Removes, renames and adds so many pictures, and changes one. */
  async change(each: number): Promise<void> {
    const names = this.named("good");
    for (const name of names.slice(0, each)) {
      await rm(this.pathOf(name));
      this.photos.delete(name);
    }
    for (const name of names.slice(each, 2 * each)) {
      await rename(this.pathOf(name), this.pathOf(`moved-${name}`));
      this.photos.delete(name);
      this.photos.set(`moved-${name}`, "good");
    }
    for (let index = 0; index < each; index++) await this.add(`new-${index}.png`);
    const [first = "", second = ""] = names.slice(2 * each);
    await copyFile(this.pathOf(first), this.pathOf(second));
    await this.#writeManifest();
  }

  async #writeManifest(): Promise<void> {
    const lines = [...this.photos.keys()].sort().map((name) => JSON.stringify({ input: this.pathOf(name), metadata: { name } }));
    await writeFile(join(this.base, "photos.jsonl"), lines.join("\n"));
  }
}
