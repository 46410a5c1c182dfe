/** Reads a tokenizer from its files. Gives the same tokens as the Python library tokenizers. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Tokenizer as Vendor } from "@huggingface/tokenizers";
import { HeadraceError, type Tokenizer } from "../../contracts/index.js";
import { packageMissing, tokenizerInvalid } from "./errors.js";
import { modelConfigBeside, textLength, wasTrainedInLowerCase } from "./model-config.js";
import { cleaningOf, openCleaner } from "./open-clip-cleaning.js";

/** The part of `tokenizer.json` that the package does not use. */
interface TokenizerFile {
  readonly normalizer?: unknown;
  readonly padding?: { readonly pad_id?: number } | null;
  readonly truncation?: { readonly max_length?: number } | null;
}

/** The part of `tokenizer_config.json` that Headrace uses. */
interface TokenizerConfig {
  readonly model_max_length?: number;
  readonly tokenizer_class?: string;
  readonly pad_token?: string | { readonly content?: string } | null;
}

/** Configurations without a limit have a number above this as `model_max_length`. */
const maxLimit = 100_000;

/** Opens a `tokenizer.json`, and the configurations beside it if there are some. Throws `part_missing` or `model_invalid`. */
export async function openTokenizer(path: string): Promise<Tokenizer> {
  const library = await import("@huggingface/tokenizers").catch((cause: unknown) => {
    throw packageMissing("@huggingface/tokenizers", cause);
  });
  try {
    const file = JSON.parse(await readFile(path, "utf8")) as TokenizerFile;
    const config = await configBeside(path);
    const model = await modelConfigBeside(path);
    const cleaning = model === null ? null : cleaningOf(model);
    const lower = model !== null && wasTrainedInLowerCase(model.config, config.tokenizer_class) ? inLowerCase : null;
    return new FileTokenizer(new library.Tokenizer(file, config), file, config, {
      clean: cleaning === null ? lower : await openCleaner(cleaning),
      usualLength: model === null ? null : textLength(model.config),
    });
  } catch (cause) {
    if (HeadraceError.is(cause)) throw cause;
    throw tokenizerInvalid(path, cause);
  }
}

/** What the model asks of its texts. */
interface ModelHabits {
  /** What changes a text before it is split. null: nothing. */
  readonly clean: ((text: string) => string) | null;
  /** The number of tokens if the tokenizer's files name none. null: any number. */
  readonly usualLength: number | null;
}

class FileTokenizer implements Tokenizer {
  readonly maxTokens: number | null;
  readonly padToken: number;
  readonly #vendor: Vendor;
  readonly #lowercases: boolean;
  readonly #clean: ((text: string) => string) | null;
  /** Special tokens after the text. */
  readonly #ending: readonly number[];

  constructor(vendor: Vendor, file: TokenizerFile, config: TokenizerConfig, { clean, usualLength }: ModelHabits) {
    this.#vendor = vendor;
    this.#clean = clean;
    this.#lowercases = lowercases(file.normalizer);
    const { model_max_length: limit, pad_token: pad } = config;
    this.maxTokens = limit !== undefined && limit <= maxLimit ? limit : (file.truncation?.max_length ?? usualLength);
    const named = typeof pad === "string" ? pad : pad?.content;
    this.padToken = file.padding?.pad_id ?? (named === undefined ? undefined : vendor.token_to_id(named)) ?? 0;
    this.#ending = endingOf(vendor.encode("").ids, vendor.encode("a").ids);
  }

  encode(text: string, maxTokens: number | null): readonly number[] {
    const given = this.#clean?.(text) ?? text;
    const { ids } = this.#vendor.encode(this.#lowercases ? withSmallSigma(given) : given);
    if (maxTokens === null || ids.length <= maxTokens) return ids;
    return [...ids.slice(0, maxTokens - this.#ending.length), ...this.#ending];
  }
}

/** JavaScript writes a Greek sigma at the end of a word as ς in lower case, Python's library as σ everywhere. */
function withSmallSigma(text: string): string {
  return text.replaceAll("Σ", "σ");
}

function inLowerCase(text: string): string {
  return withSmallSigma(text).toLowerCase();
}

async function configBeside(path: string): Promise<TokenizerConfig> {
  try {
    return JSON.parse(await readFile(join(dirname(path), "tokenizer_config.json"), "utf8")) as TokenizerConfig;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** Special tokens surround even an empty text. Those that a text begins with too are in front of it, and the others are its ending. */
function endingOf(empty: readonly number[], filled: readonly number[]): readonly number[] {
  const differing = empty.findIndex((token, index) => token !== filled[index]);
  return differing < 0 ? [] : empty.slice(differing);
}

function lowercases(normalizer: unknown): boolean {
  if (typeof normalizer !== "object" || normalizer === null) return false;
  const { type, lowercase, normalizers = [] } = normalizer as { type?: string; lowercase?: boolean; normalizers?: readonly unknown[] };
  return type === "Lowercase" || (type === "BertNormalizer" && lowercase === true) || normalizers.some(lowercases);
}
