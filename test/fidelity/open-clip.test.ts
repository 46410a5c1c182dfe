/** Texts for models of open_clip are cleaned as open_clip cleans them. `scripts/open-clip-texts.py` makes the texts. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { openTokenizer } from "../../src/adapters/tokenizers/index.js";
import { openCleaner } from "../../src/adapters/tokenizers/open-clip-cleaning.js";
import { HeadraceError } from "../../src/contracts/index.js";

type Lists = Readonly<Record<string, readonly string[]>>;

const chunk = 20;
const clip = join("test", "fidelity", "clip");

async function unzipped<T>(name: string): Promise<T> {
  return JSON.parse(gunzipSync(await readFile(join(clip, name))).toString("utf8")) as T;
}

describe("cleaning a text as open_clip does", () => {
  let texts: Lists = {};
  let sha256: Readonly<Record<string, Lists>> = {};

  before(async () => {
    const cleaned = await unzipped<{ odd: readonly string[]; sha256: Readonly<Record<string, Lists>> }>("cleaned.json.gz");
    texts = { ...(await unzipped<{ texts: Lists }>("tokenizers.json.gz")).texts, odd: cleaned.odd };
    sha256 = cleaned.sha256;
  });

  for (const cleaning of ["lower", "whitespace", "canonicalize"] as const) {
    test(`gives Python's text for 10,000 texts in ten scripts, and for 1,000 that need it: ${cleaning}`, async () => {
      const clean = await openCleaner(cleaning);
      assert.equal(Object.values(texts).flat().length, 11_000);
      for (const [script, list] of Object.entries(texts)) {
        for (const [index, hash] of sha256[cleaning]![script]!.entries()) {
          const part = list.slice(index * chunk, (index + 1) * chunk).map(clean);
          const found = createHash("sha256").update(JSON.stringify(part)).digest("hex").slice(0, hash.length);
          assert.equal(found, hash, `${script}, one of ${JSON.stringify(part)}`);
        }
      }
    });
  }
});

describe("a tokenizer", () => {
  let folder = "";
  const odd = "Rock ’n’ Roll &amp; ﬁne  ＡＲＴ";
  const plain = "rock 'n' roll & fine art";
  const tokenizer = () => join(folder, "textual", "tokenizer.json");

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-open-clip-"));
    await mkdir(join(folder, "textual"));
    await cp(join(clip, "model", "tokenizer.json"), tokenizer());
  });
  after(() => rm(folder, { recursive: true }));

  test("of a folder with a configuration of open_clip cleans texts", async () => {
    for (const config of [{ text_cfg: {} }, { model_cfg: { text_cfg: { tokenizer_kwargs: { clean: "lower" } } } }]) {
      await writeFile(join(folder, "config.json"), JSON.stringify({ embed_dim: 24, vision_cfg: {}, ...config }));
      const { encode } = await opened();
      assert.deepEqual(encode(odd), encode(plain));
    }
  });

  test("of a folder with another configuration leaves texts as they are", async () => {
    await writeFile(join(folder, "config.json"), JSON.stringify({ model_type: "clip" }));
    const { encode } = await opened();
    assert.notDeepEqual(encode(odd), encode(plain));
  });

  test("of a configuration with an unknown cleaning is refused with its file", async () => {
    await writeFile(join(folder, "config.json"), JSON.stringify({ text_cfg: { tokenizer_kwargs: { clean: "mystery" } } }));
    await assert.rejects(
      openTokenizer(tokenizer()),
      (error) =>
        HeadraceError.is(error) && error.code === "model_invalid" && /config\.json: expected clean .* found "mystery"/.test(error.message),
    );
  });

  async function opened(): Promise<{ readonly encode: (text: string) => readonly number[] }> {
    const found = await openTokenizer(tokenizer());
    return { encode: (text) => found.encode(text, null) };
  }
});
