/** API keys: where they come from, and whether a request has one. */
import { createHash, timingSafeEqual } from "node:crypto";
import { unwatchFile, watchFile } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Settings } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import type { Log } from "../telemetry/log.js";
import { Refused } from "../wire/problems.js";
import { CollectionAccess } from "./collection-access.js";
import { type Scope, scopes } from "./route.js";

type KeySetting = Settings["server"]["keys"][number];

/** A key as the server keeps it: without the secret. */
export interface ApiKey {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly access: CollectionAccess;
  /** SHA-256 of the secret. */
  readonly digest: Buffer;
}

const leastCharacters = 16;
/** A name, or the beginning of names before a `*`. */
const collectionPattern = /^\w+\*?$|^\*$/;

export interface KeysOptions {
  readonly settings: Pick<Settings["server"], "keys" | "keysFile">;
  readonly log: Log;
}

export class Keys {
  readonly #options: KeysOptions;
  #keys: readonly ApiKey[];

  private constructor(options: KeysOptions, keys: readonly ApiKey[]) {
    this.#options = options;
    this.#keys = keys;
  }

  /** Collects the keys of the settings and of their file, which is read again when it changes. Throws `config_invalid` without its text. */
  static async open(options: KeysOptions): Promise<Keys> {
    const keys = new Keys(options, await loadKeys(options.settings));
    if (!keys.isEmpty && options.settings.keysFile !== null) watchFile(options.settings.keysFile, watching, keys.#reload);
    return keys;
  }

  /** Whether the server takes requests without keys. */
  get isEmpty(): boolean {
    return this.#keys.length === 0;
  }

  /**
   * Returns the key of a request that may use the scope. Every key is compared in constant time, so that the time of an answer tells nothing.
   * Without keys, returns null for every request. Throws `key_missing` and `scope_missing`.
   */
  of(authorization: string | undefined, scope: Scope): ApiKey | null {
    if (this.isEmpty) return null;
    const digest = digestOf(/^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? "");
    const [found] = this.#keys.filter((key) => timingSafeEqual(key.digest, digest));
    if (found === undefined) {
      throw new Refused("key_missing", "Send a key as `Authorization: Bearer KEY`.", { headers: { "www-authenticate": "Bearer" } });
    }
    if (!found.scopes.has(scope)) throw new Refused("scope_missing", `The key ${found.name} does not have the scope ${scope}.`);
    return found;
  }

  close(): void {
    const { keysFile } = this.#options.settings;
    if (keysFile !== null) unwatchFile(keysFile, this.#reload);
  }

  /** A file that cannot be read, or has no key, changes nothing: it may be half written, and a server with keys never opens to everybody. */
  readonly #reload = async (): Promise<void> => {
    const { settings, log } = this.#options;
    try {
      const keys = await loadKeys(settings);
      if (keys.length === 0) throw noKeys(settings.keysFile);
      this.#keys = keys;
      log("info", "keys read again", { keys: keys.length });
    } catch (error) {
      log("error", "keys not read again", { message: HeadraceError.from(error).message });
    }
  };
}

/** Secrets that are mounted are replaced as links, of which no event of the file tells. */
const watching = { interval: 1000, persistent: false };

async function loadKeys({ keys, keysFile }: KeysOptions["settings"]): Promise<readonly ApiKey[]> {
  const inFile = keysFile === null ? [] : parseKeys(await readKeysFile(keysFile), keysFile);
  return [...keys, ...inFile].map(
    ({ name, apiKey, scopes, collections }): ApiKey => ({
      name,
      scopes: new Set(scopes),
      access: new CollectionAccess(collections),
      digest: digestOf(apiKey),
    }),
  );
}

function noKeys(keysFile: string | null): HeadraceError {
  return new HeadraceError("config_invalid", `server.keys_file: expected at least one key, found none: ${keysFile}`);
}

/** Parses lines of the form `name scope,scope key [collection,collection]`. Lines that begin with # are comments. */
export function parseKeys(text: string, file: string): readonly KeySetting[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const [name = "", given = "", apiKey = "", within, ...rest] = line.trim().split(/\s+/);
    const wanted = given.split(",");
    const collections = within?.split(",") ?? null;
    const isWithin = collections?.every((each) => collectionPattern.test(each)) ?? true;
    const isKey =
      apiKey.length >= leastCharacters && rest.length === 0 && isWithin && wanted.every((scope) => scopes.includes(scope as Scope));
    if (!isKey) {
      throw new HeadraceError(
        "config_invalid",
        `${file}:${index + 1}: expected a name, scopes out of ${scopes.join(",")}, a key of at least ${leastCharacters} characters, and at most a list of collections`,
        { item: file, hint: "For example: search-page read,write and a random key, as from openssl rand -hex 24" },
      );
    }
    return [{ name, apiKey, scopes: wanted as Scope[], collections }];
  });
}

async function readKeysFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new HeadraceError("config_invalid", `server.keys_file: expected a readable file, found ${(cause as Error).message}`, {
      item: path,
      cause,
    });
  }
}

function digestOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
