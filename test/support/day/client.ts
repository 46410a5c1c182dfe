/** A client with rows of its own: it asks for things of all kinds, one after the other, and keeps the ledger of its rows. */
import { createHash } from "node:crypto";
import { randomWords } from "../../odd-images/random.js";
import type { Answer, Asker, Question } from "./asker.js";
import type { Ledger } from "./ledger.js";
import { sendInParts } from "./parts.js";
import { damagedPicture, pictureOf } from "./pictures.js";

export const collection = "day";
const rowsOfClient = 20;
const rowsOfJob = 6;

export interface ClientOptions {
  readonly name: string;
  readonly seed: number;
  readonly asker: Asker;
  readonly ledger: Ledger;
  /** Of the web server with the pictures. */
  readonly web: string;
}

type Leaving = Pick<Question, "leaveAfterMs"> & { readonly ids?: readonly string[] };

interface Image {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

const rows = `/v1/collections/${collection}`;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The state of a row, as the ledger names it. */
export function stateOf({ content, metadata }: { readonly content: string; readonly metadata: { readonly edition?: unknown } }): string {
  return `${metadata.edition}/${content.slice(0, 16)}`;
}

export class DayClient {
  readonly #options: ClientOptions;
  readonly #next: () => number;
  #editions = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#next = randomWords(options.seed + 1);
  }

  /** Does something. */
  async act(): Promise<void> {
    const kind = this.#of(kinds);
    await this.#deeds[kind]();
  }

  readonly #deeds: Readonly<Record<Kind, () => Promise<unknown>>> = {
    insert: () => this.#insert("insert", (images) => ({ images: images.map((each) => ({ ...given(each), base64: base64Of(each.name) })) })),
    upload: () => this.#insert("upload", (images) => formOf(images)),
    "insert by URL": () =>
      this.#insert("insert by URL", (images) => ({
        images: images.map((each) => ({ ...given(each), url: `${this.#options.web}/picture/${each.name}` })),
      })),
    // Nobody knows what becomes of these rows, so they are not among the others.
    "insert and leave": () =>
      this.#insert("insert and leave", (images) => ({ images: images.map((each) => ({ ...given(each), base64: base64Of(each.name) })) }), {
        leaveAfterMs: 1 + this.#below(30),
        ids: [`${this.#options.name}-left-${this.#below(rowsOfClient)}`],
      }),
    "insert damaged": () => this.#insertDamaged(),
    delete: () => this.#delete("delete", (ids) => ({ ids })),
    "delete by filter": () => this.#delete("delete by filter", (ids) => ({ filter: `id in ${JSON.stringify(ids)}` })),
    patch: () => this.#patch(),
    row: () => this.#look(),
    job: () => this.#job(),
    page: () => this.#ask("page", "GET", `${rows}/images?pick=all&limit=50`),
    count: () => this.#ask("count", "GET", `${rows}/count?filter=${encodeURIComponent("width >= 1")}`),
    "by words": () => this.#search("by words", { text: "stored" }),
    "by image": () => this.#search("by image", { base64: base64Of(this.#name()) }),
    "by upload": () => this.#ask("by upload", "POST", `${rows}/search`, { body: uploadOf(this.#name()) }),
    "by vector": () => this.#search("by vector", { vector: Array.from({ length: 16 }, () => this.#below(2000) / 1000 - 1), top_k: 5 }),
    "by URL": () => this.#search("by URL", { url: `${this.#options.web}/picture/${this.#name()}` }),
    "by mixture": () => this.#search("by mixture", { mix: [{ text: "stored" }, { base64: base64Of(this.#name()), weight: -0.5 }] }),
    "by id": () => this.#search("by id", { id: this.#id() }, { expected: "any" }),
    batch: () => this.#ask("batch", "POST", `${rows}/search/batch`, { body: { searches: [{ text: "stored" }, { id: this.#id() }] } }),
    embed: () => this.#ask("embed", "POST", "/v1/embed", { body: { images: [{ base64: base64Of(this.#name()) }, { text: "stored" }] } }),
    thumbnail: () => this.#ask("thumbnail", "GET", `${rows}/images/${this.#id()}/thumbnail`, { expected: "any" }),
    original: () => this.#ask("original", "GET", `${rows}/images/${this.#id()}/original`, { expected: "any" }),
    broken: () =>
      this.#search("broken", { url: `${this.#options.web}/broken/${this.#name()}` }, { leaveAfterMs: 2_000, expected: "refused" }),
    stalled: () =>
      this.#search("stalled", { url: `${this.#options.web}/stalled/${this.#name()}` }, { leaveAfterMs: 100 + this.#below(400) }),
    alias: () => this.#alias(),
    bad: () => this.#bad(),
    other: () =>
      this.#ask("other", "GET", this.#of(["/metrics", "/openapi.json", "/v1/service", "/v1/jobs", "/v1/collections", "/health/live"])),
  };

  #ask(kind: string, method: string, path: string, question: Question = {}): Promise<Answer> {
    return this.#options.asker.ask(kind, method, path, question);
  }

  #search(kind: string, body: object, question: Question = {}): Promise<Answer> {
    return this.#ask(kind, "POST", `${rows}/search`, { ...question, body });
  }

  async #insert(kind: string, bodyOf: (images: readonly Image[]) => object, options: Leaving = {}): Promise<void> {
    const { ids = this.#ids(3), ...question } = options;
    const images = ids.map((id) => this.#imageFor(id));
    const startedMs = performance.now();
    const answer = await this.#ask(kind, "POST", `${rows}/images`, { ...question, body: bodyOf(images) });
    const items: readonly { readonly status: string }[] = answer.status === 200 ? answer.body.items : [];
    for (const [index, { id, state }] of images.entries()) {
      const item = items[index];
      if (item?.status === "stored") this.#options.ledger.answered(id, state, answer.life.seq);
      else {
        this.#options.ledger.unanswered(id, state, answer.life.seq);
        if (item !== undefined && !this.#options.asker.server.wasFullSince(startedMs)) {
          this.#options.asker.surprised(`${kind}: ${id} ${JSON.stringify(item)}`);
        }
      }
    }
  }

  /** A damaged image fails alone, and leaves the row that has its id. */
  async #insertDamaged(): Promise<void> {
    const { asker } = this.#options;
    const id = this.#id();
    const images = [{ id, base64: damagedPicture(this.#name()).toString("base64") }];
    const answer = await this.#ask("insert damaged", "POST", `${rows}/images`, { body: { images } });
    if (answer.status === 200 && answer.body.failed !== 1) asker.surprised(`a damaged image: ${JSON.stringify(answer.body)}`);
  }

  async #delete(kind: string, bodyOf: (ids: readonly string[]) => object): Promise<void> {
    const ids = this.#ids(2);
    const answer = await this.#ask(kind, "POST", `${rows}/images/delete`, { body: bodyOf(ids) });
    for (const id of ids) {
      if (answer.status === 200) this.#options.ledger.answered(id, null, answer.life.seq);
      else this.#options.ledger.unanswered(id, null, answer.life.seq);
    }
  }

  async #patch(): Promise<void> {
    const { ledger } = this.#options;
    const id = this.#id();
    const before = ledger.certain(id);
    if (typeof before !== "string") return this.#look();
    const edition = this.#edition();
    const state = `${edition}/${before.split("/")[1]}`;
    const answer = await this.#ask("patch", "PATCH", `${rows}/images/${id}`, { body: { metadata: { edition } } });
    if (answer.status === 200) ledger.answered(id, state, answer.life.seq);
    else ledger.unanswered(id, state, answer.life.seq);
  }

  /** A row that was answered as stored is there, and one that was answered as deleted is not. */
  async #look(): Promise<void> {
    const { ledger, asker } = this.#options;
    const id = this.#id();
    const answer = await this.#ask("row", "GET", `${rows}/images/${id}`, { expected: "any" });
    if (answer.status !== 200 && answer.status !== 404) return;
    const found = answer.status === 404 ? null : stateOf(answer.body);
    if (!ledger.allows(id, found)) asker.surprised(`row ${id}: expected ${ledger.expected(id)}, found ${found}`);
  }

  /** Sends a job until it is taken, waits for its end, in whatever life of the server, and looks at what became of its images. */
  async #job(): Promise<void> {
    const { ledger, asker, name } = this.#options;
    const images = Array.from({ length: rowsOfJob }, (_, index) => this.#imageFor(`${name}-job-${index}`));
    const inParts = await this.#sendInParts(images.slice(0, this.#below(rowsOfJob)));
    const sent = [
      ...images.map((each, index) => ({ ...given(each), ...(inParts[index] ?? { base64: base64Of(each.name) }) })),
      { id: `${name}-damaged`, base64: damagedPicture(this.#name()).toString("base64") },
    ];
    const headers = { "idempotency-key": `${name}-${this.#edition()}` };
    const body = { collection, images: sent };
    const startedMs = performance.now();
    let taken = await this.#ask("job", "POST", "/v1/jobs", { headers, body });
    while (taken.status === 0 || taken.status >= 500) {
      await this.#look();
      taken = await this.#ask("job", "POST", "/v1/jobs", { headers, body });
    }
    const path = `/v1/jobs/${taken.body.id}`;
    let job = taken.body;
    while (job.ended_at === null) {
      // A stream that ends with the job, or with the server.
      await this.#ask("events of a job", "GET", `${path}/events`);
      const { status, body: found } = await this.#ask("look at a job", "GET", path);
      if (status === 200) job = found;
    }
    const isRight = job.state === "completed" && job.counts.failed === 1 && job.counts.stored + job.counts.skipped === images.length;
    if (!isRight && !asker.server.wasFullSince(startedMs)) asker.surprised(`job: ${JSON.stringify(job)}`);
    for (const { id, state } of images) {
      if (isRight) ledger.answered(id, state, (await asker.server.life()).seq);
      // The record of the job may be lost on a full disk. Then a later life of the server does the job again.
      else ledger.unanswered(id, state, Number.POSITIVE_INFINITY);
    }
    if (!isRight) return;
    const failures = await this.#ask("failures", "GET", `${path}/failures`);
    const found = failures.status === 200 ? failures.body.failures.length : 1;
    if (found !== 1) asker.surprised(`failures of a job: ${JSON.stringify(failures.body)}`);
    if (this.#below(2) === 0) await this.#ask("forget a job", "DELETE", path);
  }

  async #sendInParts(images: readonly Image[]): Promise<readonly { readonly upload: string }[]> {
    const sent: { readonly upload: string }[] = [];
    for (const { name } of images) {
      const ask = (method: string, path: string, question: Question) => this.#ask(`${method} in parts`, method, path, question);
      const upload = await sendInParts({ ask, bytes: pictureOf(name), leaveAfterMs: 1 + this.#below(50) });
      sent.push({ upload });
    }
    return sent;
  }

  async #alias(): Promise<void> {
    const path = `/v1/aliases/${this.#options.name.replace("-", "_")}`;
    const put = await this.#ask("alias", "PUT", path, { body: { collection } });
    if (put.status === 200) await this.#ask("by alias", "GET", `${path.replace("aliases", "collections")}/count`, { expected: "any" });
    await this.#ask("remove an alias", "DELETE", path, { expected: "any" });
  }

  async #bad(): Promise<void> {
    const { method = "POST", path, body } = this.#of(badQuestions);
    await this.#ask("bad", method, path, { expected: "refused", ...(body === undefined ? {} : { body }) });
  }

  #imageFor(id: string): Image {
    const name = `${id}-${this.#edition()}`;
    const [, edition] = /-(\d+)$/.exec(name) ?? [];
    return { id, name, state: `${edition}/${sha256(pictureOf(name)).slice(0, 16)}` };
  }

  #edition(): number {
    this.#editions += 1;
    return this.#editions;
  }

  #name(): string {
    return `${this.#options.name}-other-${this.#below(1_000_000)}`;
  }

  #id(): string {
    return `${this.#options.name}-${this.#below(rowsOfClient)}`;
  }

  /** At most so many ids, all different. */
  #ids(most: number): readonly string[] {
    return [...new Set(Array.from({ length: 1 + this.#below(most) }, () => this.#id()))];
  }

  #below(end: number): number {
    return this.#next() % end;
  }

  #of<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }
}

const weights = {
  insert: 10,
  upload: 6,
  "insert by URL": 6,
  "insert and leave": 4,
  "insert damaged": 3,
  delete: 6,
  "delete by filter": 2,
  patch: 5,
  row: 12,
  job: 2,
  page: 3,
  count: 4,
  "by words": 6,
  "by image": 8,
  "by upload": 4,
  "by vector": 6,
  "by URL": 4,
  "by mixture": 3,
  "by id": 6,
  batch: 3,
  embed: 4,
  thumbnail: 3,
  original: 3,
  broken: 2,
  stalled: 2,
  alias: 2,
  bad: 8,
  other: 4,
} as const;
type Kind = keyof typeof weights;
const kinds: readonly Kind[] = (Object.keys(weights) as Kind[]).flatMap((kind) => Array.from({ length: weights[kind] }, () => kind));

interface BadQuestion {
  readonly method?: string;
  readonly path: string;
  readonly body?: object | string;
}

const badQuestions: readonly BadQuestion[] = [
  { path: `${rows}/search`, body: "{" },
  { path: `${rows}/search`, body: { top_k: 5 } },
  { path: `${rows}/search`, body: { text: "stored", filter: "(((" } },
  { path: `${rows}/search`, body: { vector: [1, 2, 3] } },
  { path: `${rows}/search`, body: { base64: "AAAA" } },
  { path: `${rows}/images`, body: { images: [] } },
  { path: `${rows}/images`, body: "[".repeat(10_000) },
  { path: `${rows}/images/delete`, body: { ids: ["a"], filter: "id == 1" } },
  { path: "/v1/collections/nowhere/search", body: { text: "stored" } },
  { path: "/v1/jobs", body: { collection, sources: ["/etc/passwd"] } },
  { path: "/v1/jobs", body: { collection, sources: ["https://192.0.2.1/{0..999999999}.jpg"] } },
  { path: "/v1/collections", body: { name: "9 lives" } },
  { method: "GET", path: `${rows}/images?pick=all&cursor=no-cursor` },
  { method: "GET", path: "/v1/jobs/0mbc4x2k7f00d5a1e2" },
  { method: "GET", path: "/v1/thumbnail?source=file%3A%2F%2F%2Fetc%2Fpasswd" },
  { method: "PUT", path: `${rows}/search`, body: {} },
  { method: "DELETE", path: "/v1/aliases/nobody" },
];

const base64Of = (name: string): string => pictureOf(name).toString("base64");

function given({ id, state }: Image): object {
  return { id, metadata: { edition: editionOf(state) } };
}

const editionOf = (state: string): number => Number(state.split("/")[0]);

function uploadOf(name: string): FormData {
  const form = new FormData();
  form.append("image", new Blob([new Uint8Array(pictureOf(name))]), "picture.png");
  return form;
}

function formOf(images: readonly Image[]): FormData {
  const form = new FormData();
  form.set("ids", JSON.stringify(images.map(({ id }) => id)));
  form.set("metadata", JSON.stringify(images.map(({ state }) => ({ edition: editionOf(state) }))));
  for (const { name } of images) form.append("images", new Blob([new Uint8Array(pictureOf(name))]), `${name}.png`);
  return form;
}
