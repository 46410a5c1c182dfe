/** API keys: where they come from, and whether a request has one. */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Settings } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { Refused } from "../wire/problems.js";
import { type Scope, scopes } from "./route.js";

type KeySetting = Settings["server"]["keys"][number];

/** A key as the server keeps it: without the secret. */
export interface ApiKey {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** SHA-256 of the secret. */
  readonly digest: Buffer;
}

const leastCharacters = 16;

/** Collects the keys of the settings and of their file. Throws `config_invalid` for a damaged file, without its text. */
export async function loadKeys({ keys, keysFile }: Pick<Settings["server"], "keys" | "keysFile">): Promise<readonly ApiKey[]> {
  const inFile = keysFile === null ? [] : parseKeys(await readKeysFile(keysFile), keysFile);
  return [...keys, ...inFile].map(({ name, apiKey, scopes }): ApiKey => ({ name, scopes: new Set(scopes), digest: digestOf(apiKey) }));
}

/**
 * Returns the key of a request that may use the scope. Every key is compared in constant time, so that the time of an answer tells nothing.
 * Without keys, returns null for every request. Throws `key_missing` and `scope_missing`.
 */
export function keyOfRequest(keys: readonly ApiKey[], authorization: string | undefined, scope: Scope): ApiKey | null {
  if (keys.length === 0) return null;
  const digest = digestOf(/^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? "");
  const [found] = keys.filter((key) => timingSafeEqual(key.digest, digest));
  if (found === undefined) {
    throw new Refused("key_missing", "Send a key as `Authorization: Bearer KEY`.", { headers: { "www-authenticate": "Bearer" } });
  }
  if (!found.scopes.has(scope)) throw new Refused("scope_missing", `The key ${found.name} does not have the scope ${scope}.`);
  return found;
}

/** Parses lines of the form `name scope,scope key`. Lines that begin with # are comments. */
export function parseKeys(text: string, file: string): readonly KeySetting[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const [name = "", given = "", apiKey = "", ...rest] = line.trim().split(/\s+/);
    const wanted = given.split(",");
    const isKey = apiKey.length >= leastCharacters && rest.length === 0 && wanted.every((scope) => scopes.includes(scope as Scope));
    if (!isKey) {
      throw new HeadraceError(
        "config_invalid",
        `${file}:${index + 1}: expected a name, scopes out of ${scopes.join(",")}, and a key of at least ${leastCharacters} characters`,
        { item: file, hint: "For example: search-page read,write and a random key, as from openssl rand -hex 24" },
      );
    }
    return [{ name, apiKey, scopes: wanted as Scope[] }];
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
