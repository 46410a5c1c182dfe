/** A source of small pictures in several forms, some of them damaged, that a test can change. */
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import sharp from "sharp";
import type { ListingRequest } from "../../src/app/index.js";
import { writeTar, writeZip } from "../support/archives.js";
import { writeParquet } from "../support/parquet-table.js";

export const sourceKinds = ["folder", "glob", "manifest", "csv", "parquet", "tar", "zip", "urls", "remote tar"] as const;
export type SourceKind = (typeof sourceKinds)[number];

const side = 48;

/** The pictures of a folder by name: whether each can be decoded. */
export class PhotoSource {
  readonly #folder: string;
  #server: Server | null = null;
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
    if (kind === "urls") source.#server = await photoServer(source.#folder);
    if (kind === "remote tar") source.#server = await photoServer(base);
    for (let index = 0; index < good; index++) await source.add(`good-${index}.png`);
    for (let index = 0; index < damaged; index++) await source.addDamaged(`bad-${index}.png`);
    await source.#writeList();
    return source;
  }

  get request(): ListingRequest {
    switch (this.kind) {
      case "folder":
        return { paths: [this.#folder] };
      case "glob":
        return { paths: [join(this.#folder, "*.png")] };
      case "manifest":
        return { paths: [], manifest: join(this.base, "photos.jsonl") };
      case "remote tar":
        return { paths: [`${this.#url}/${listNames.tar}`] };
      default:
        return { paths: [join(this.base, listNames[this.kind])] };
    }
  }

  get #url(): string {
    return `http://127.0.0.1:${(this.#server!.address() as AddressInfo).port}`;
  }

  /** Stops the server, and removes all files. */
  async remove(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
    await rm(this.base, { recursive: true, force: true });
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

  /** Makes so many damaged pictures good. */
  async heal(count: number): Promise<void> {
    for (const name of this.named("damaged").slice(0, count)) await this.add(name);
    await this.#writeList();
  }

  /** Removes, renames and adds so many pictures, changes one, and makes a damaged one good. */
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
    await this.heal(1);
  }

  /** Writes what names the pictures, or contains them. */
  async #writeList(): Promise<void> {
    const names = [...this.photos.keys()].sort();
    switch (this.kind) {
      case "folder":
      case "glob":
        return;
      case "manifest":
        return this.#writeLines(
          "photos.jsonl",
          names.map((name) => JSON.stringify({ input: this.pathOf(name), metadata: { name } })),
        );
      case "csv":
        return this.#writeLines(listNames.csv, ["path,name", ...names.map((name) => `${this.pathOf(name)},${name}`)]);
      case "urls":
        return this.#writeLines(
          listNames.urls,
          names.map((name) => `${this.#url}/${name}`),
        );
      case "parquet":
        return writeParquet(join(this.base, listNames.parquet), [
          { name: "path", data: names.map((name) => this.pathOf(name)), type: "STRING" },
          { name: "name", data: names, type: "STRING" },
        ]);
      case "tar":
      case "remote tar":
      case "zip": {
        const files = await Promise.all(names.map(async (name) => ({ name, bytes: await readFile(this.pathOf(name)) })));
        return this.kind === "zip" ? writeZip(join(this.base, listNames.zip), files) : writeTar(join(this.base, listNames.tar), files);
      }
      default:
        return this.kind satisfies never;
    }
  }

  #writeLines(name: string, lines: readonly string[]): Promise<void> {
    return writeFile(join(this.base, name), lines.join("\n"));
  }
}

const listNames = { csv: "photos.csv", parquet: "photos.parquet", tar: "photos.tar", zip: "photos.zip", urls: "photos.txt" } as const;

/** Returns the name of the picture that a row or a dead letter names. */
export function photoName(source: string): string {
  return basename(source.slice(source.lastIndexOf("#") + 1));
}

/** Serves the files of a folder, and answers conditional requests and those for the first byte. */
async function photoServer(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    readFile(join(folder, basename(request.url ?? ""))).then(
      (bytes) => {
        const etag = `"${createHash("sha256").update(bytes).digest("hex")}"`;
        const isKnown = request.headers["if-none-match"] === etag;
        if (request.headers.range === "bytes=0-0") {
          response.writeHead(206, { etag, "content-range": `bytes 0-0/${bytes.length}` }).end(bytes.subarray(0, 1));
        } else response.writeHead(isKnown ? 304 : 200, { etag }).end(isKnown ? undefined : bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  return server;
}
