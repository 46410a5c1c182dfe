/** Plays a history: makes its steps one after the other, and has each call of the product judged. */
import type { ImageEmbeddingPipeline } from "../../../src/app/index.js";
import type { Key } from "../../../src/contracts/index.js";
import { type Call, callSource } from "./calls.js";
import type { Clock } from "./clock.js";
import { type Judged, judge, type Violation } from "./judge.js";
import { Ledger } from "./ledger.js";
import { type Entry, entriesOf, listedBy } from "./listings.js";
import type { Picture } from "./pictures.js";
import { nameOfSource, type Source } from "./places.js";
import type { Ended } from "./product.js";
import { containersOf, reasonToStay, type Scope, scopeOf } from "./proofs.js";
import { type Row, rowsOf } from "./rows.js";
import type { Shop } from "./shop.js";
import type { World } from "./world.js";

/** Something that happens during a call: before the n-th call of the store, or when the folder `y` of a root is listed. */
export interface Disturbance {
  readonly when: number | "listing";
  /** Returns what happened. */
  readonly happen: () => Promise<string> | string;
}

type CallChoices = Partial<Pick<Call, "share" | "containers" | "files">> & { readonly disturbance?: Disturbance };

export interface PlayedCall {
  readonly text: string;
  readonly ended: Ended;
  readonly deleted: readonly Row[];
}

export interface PlayerParts {
  readonly shop: Shop;
  readonly world: World;
  readonly clock: Clock;
  readonly pictures: readonly Picture[];
}

export class Player {
  readonly world: World;
  readonly shop: Shop;
  readonly pictures: readonly Picture[];
  readonly ledger = new Ledger();
  readonly violations: Violation[] = [];
  /** How often each kind of thing was really done. */
  readonly done = new Map<string, number>();
  readonly #clock: Clock;

  constructor({ shop, world, clock, pictures }: PlayerParts) {
    [this.shop, this.world, this.#clock, this.pictures] = [shop, world, clock, pictures];
  }

  get pipeline(): ImageEmbeddingPipeline {
    return this.shop.pipeline;
  }

  get aheadMs(): number {
    return this.#clock.aheadMs;
  }

  count(what: string, times = 1): void {
    if (times > 0) this.done.set(what, (this.done.get(what) ?? 0) + times);
  }

  async look(): Promise<ReadonlyMap<string, Row>> {
    return rowsOf(this.pipeline, this.world.base);
  }

  /** Lets a day pass, makes a call, and judges it. `mayDelete`: the rows that a person asked to delete. */
  async call(
    verb: Call["verb"],
    named: readonly Source[],
    { share = 1, containers = "keep", files = [], disturbance }: CallChoices = {},
  ): Promise<PlayedCall> {
    const call: Call = { verb, source: callSource(named, this.world), share, containers, files };
    let happened = "";
    const happen = async (): Promise<void> => {
      if (disturbance !== undefined && happened === "") {
        happened = "nothing";
        happened = await disturbance.happen();
      }
    };
    let calls = 0;
    return this.judged(call, named, async (deleting) => {
      this.shop.before = async (name, ids) => {
        calls += 1;
        if (calls === disturbance?.when && name !== "delete") await happen();
        if (name === "delete") deleting(ids);
      };
      const onLeftOut = (): void => {
        if (disturbance?.when === "listing") void happen();
      };
      const ended = await this.shop.call(call, { onLeftOut });
      return { ended, during: happened === "" || happened === "nothing" ? null : happened };
    });
  }

  /** Judges what `work` does to the rows. `work` gets a function to tell of each deletion before it is made. */
  async judged(
    { verb, share, containers }: Pick<Judged, "verb"> & Pick<Call, "share" | "containers">,
    named: readonly Source[],
    work: (deleting: (ids: readonly Key[]) => void) => Promise<{ readonly ended: Ended; readonly during: string | null }>,
  ): Promise<PlayedCall> {
    await this.#clock.pass();
    const { world, ledger } = this;
    const before = new Map(await this.look());
    const listed = entriesOf(named, world);
    const whole = containersOf(named, world);
    const asked = new Map<string, string | null>();
    const ask = (row: Row): string | null => {
      if (verb !== "prune") return `${verb} deletes no rows`;
      return reasonToStay({ row, origin: ledger.originOf(row.key) }, scopeOf(named, world, { containers, listed, whole }), world);
    };
    const files = await this.shop.deletedFiles();
    const { ended, during } = await work((ids) => {
      for (const row of before.values()) if (ids.includes(row.id)) asked.set(row.key, ask(row));
    });
    this.shop.before = async () => undefined;
    for (const row of during === null ? [] : this.shop.inserted.splice(0)) {
      before.set(row.key, row);
      ledger.meet(row);
    }
    await this.#clock.pass();
    const after = await this.look();
    const gone = [...before.values()].filter(({ key }) => !after.has(key));
    const verdicts = new Map(gone.map((row) => [row.key, asked.has(row.key) ? (asked.get(row.key) ?? null) : ask(row)]));
    // What was moved is written before the old row goes. So a call that was killed, or whose source went away, may leave both rows.
    const stillToGo = (): readonly Row[] => [...before.values()].filter((row) => after.has(row.key) && ask(row) === null);
    const scope = {
      ...scopeOf(named, world, { containers, listed, whole }),
      ...(verb === "retry" ? { entries: this.#retried() } : {}),
    };
    const judgement = {
      verb,
      clock: this.#clock.kind,
      limit: share === 1 ? "none" : "some",
      scope,
      ended,
      before,
      after,
      verdicts,
      movedFrom: during === null ? gone.concat(ended.error === "killed" ? stillToGo() : []) : [...before.values()],
      wasDisturbed: during !== null,
    } as const;
    this.violations.push(...judge(judgement, ledger, world));
    if (ended.error === "unexpected") this.violations.push({ breach: "a call failed", key: verb, why: ended.error });
    await this.remember(gone, files);
    this.learn(after, scope.entries);
    this.#note(ended, scope, verb);
    const kept = Object.entries(ended.kept).map(([reason, count]) => `${reason} ${count}`);
    const parts = [
      `${after.size} rows`,
      ...(gone.length > 0 ? [`${gone.length} deleted: ${gone.map(({ key }) => this.short(key)).join(", ")}`] : []),
      ...(ended.failed > 0 ? [`${ended.failed} failed`] : []),
      ...(kept.length > 0 ? [`kept: ${kept.join(", ")}`] : []),
      ...(ended.error === null ? [] : [ended.error]),
    ];
    return { text: `${during === null ? "" : ` (meanwhile: ${during})`} → ${parts.join("; ")}`, ended, deleted: gone };
  }

  /** Remembers which files the product left for deleted rows. */
  async remember(gone: readonly Row[], filesBefore: readonly string[]): Promise<void> {
    const now = await this.shop.deletedFiles();
    if (gone.length === 0) return;
    const files = now.filter((file) => !filesBefore.includes(file));
    if (files.length === 0)
      this.violations.push({ breach: "a deletion left no file", key: gone.map(({ key }) => key).join(", "), why: "there is no new file" });
    this.ledger.deletions.push({ rows: gone, files });
  }

  learn(after: ReadonlyMap<string, Row>, entries: ReadonlyMap<string, Entry>): void {
    this.ledger.learn(after, entries, this.world);
  }

  short(key: string): string {
    return key.replace(this.world.uri("").replace(/^file:/, ""), "").replace(/^file:/, "");
  }

  /** What a retry tries: the images that failed, and those of lists and archives that could not be read. */
  #retried(): ReadonlyMap<string, Entry> {
    const { failed, awayContainers } = this.ledger;
    const ofContainers = entriesOf([...awayContainers.values()], this.world);
    return new Map([...ofContainers, ...[...failed].map(([key, { entry }]) => [key, entry] as const)]);
  }

  #note({ completed }: Ended, { named, entries }: Scope, verb: string): void {
    if (!["ingest", "sync", "prune", "verify"].includes(verb)) return;
    for (const source of named.filter(({ kind }) => kind === "list" || kind === "tar")) {
      if (listedBy(source, this.world).extent === "unknown") this.ledger.awayContainers.set(nameOfSource(source), source);
    }
    for (const [key, entry] of entries) {
      const isReadable = entry.picture !== null && entry.picture.kind !== "unreadable";
      if (!completed || verb === "verify") this.ledger.failed.set(key, { entry, how: "perhaps" });
      else if (isReadable) this.ledger.failed.delete(key);
      else this.ledger.failed.set(key, { entry, how: "surely" });
    }
  }
}
