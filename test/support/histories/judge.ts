/** Judges what a call has done to the rows. */

import type { ClockKind } from "./clock.js";
import type { Ledger } from "./ledger.js";
import { covers, type Entry, listedBy } from "./listings.js";
import type { Ended } from "./product.js";
import { isContainer, mustGo, type Scope } from "./proofs.js";
import type { Given, Row } from "./rows.js";
import type { World } from "./world.js";

/** The kinds of what must never be. */
export type Breach =
  | "a row was deleted whose image exists"
  | "a row was deleted without a proof"
  | "a row was left whose image is proven gone"
  | "metadata was lost"
  | "metadata came from nowhere"
  | "an image has no row"
  | "a row is not restored"
  | "a deletion left no file"
  | "a call failed";

export interface Violation {
  readonly breach: Breach;
  /** The row or image. */
  readonly key: string;
  readonly why: string;
}

/** One call, as the oracle sees it. */
export interface Judged {
  readonly verb: string;
  /** "some": a limit may keep rows whose image is gone. */
  readonly limit: "none" | "some";
  readonly clock: ClockKind;
  readonly scope: Scope;
  readonly ended: Ended;
  readonly before: ReadonlyMap<string, Row>;
  readonly after: ReadonlyMap<string, Row>;
  /** Why each deleted row should have stayed, asked when it was deleted; null: it may go. */
  readonly verdicts: ReadonlyMap<string, string | null>;
  /** The rows whose metadata another row may have now: what was moved is written before the old row is deleted. */
  readonly movedFrom: readonly Row[];
  /** Whether something else happened during the call, so that nothing is certain but what was deleted. */
  readonly wasDisturbed: boolean;
}

export function judge(call: Judged, ledger: Ledger, world: World): readonly Violation[] {
  // A source that is refused keeps its rows. The others are pruned all the same.
  const isWhole = call.ended.completed && [null, "prune_refused"].includes(call.ended.error) && !call.wasDisturbed;
  return [
    ...wrongDeletions(call, ledger),
    ...(isWhole && call.verb === "prune" && call.limit === "none" ? leftRows(call, ledger, world) : []),
    ...(isWhole && call.verb !== "retry" ? missingRows(call, ledger) : []),
    ...changedMetadata(call, ledger, isWhole),
    ...(isWhole && call.verb === "prune" ? unmovedMetadata(call, ledger, world) : []),
  ];
}

function wrongDeletions({ verdicts, verb }: Judged, ledger: Ledger): readonly Violation[] {
  return [...verdicts].flatMap(([key, reason]) => {
    if (reason === null) return [];
    const breach = reason.includes("exists") || reason.includes("lists it") || verb !== "prune";
    return [
      {
        breach: breach ? "a row was deleted whose image exists" : "a row was deleted without a proof",
        key,
        why: `${reason}; the row came from ${ledger.originOf(key)}`,
      } as const,
    ];
  });
}

function leftRows({ after, scope }: Judged, ledger: Ledger, world: World): readonly Violation[] {
  return [...after.values()]
    .filter((row) => mustGo({ row, origin: ledger.originOf(row.key) }, scope, world))
    .map(
      (row) =>
        ({
          breach: "a row was left whose image is proven gone",
          key: row.key,
          why: `the row came from ${ledger.originOf(row.key)}`,
        }) as const,
    );
}

/** Each image that the call listed and that can be read has a row of its bytes. */
function missingRows({ after, scope, verb, clock }: Judged, ledger: Ledger): readonly Violation[] {
  return [...scope.entries.values()].flatMap(({ key, picture }): readonly Violation[] => {
    if (picture === null || picture.kind === "unreadable") return [];
    const row = after.get(key);
    if (row === undefined) return [{ breach: "an image has no row", key, why: "there is none" }];
    // Only reading a file that has just changed shows that it has, and `verify` reads none.
    const mayBeOld = verb === "verify" && clock === "real";
    if (row.content !== picture.content && !mayBeOld)
      return [{ breach: "an image has no row", key, why: "the row is that of another picture" }];
    return verb === "verify" && ledger.destroyed.has(key) && !row.hasVector
      ? [{ breach: "an image has no row", key, why: "the row is still destroyed" }]
      : [];
  });
}

function changedMetadata(call: Judged, ledger: Ledger, isWhole: boolean): readonly Violation[] {
  const { before, after, scope, movedFrom, ended, verb } = call;
  return [...after.values()].flatMap((row): readonly Violation[] => {
    const old = before.get(row.key);
    const told = toldOf(scope.entries.get(row.key));
    const known = ledger.given.get(row.key) ?? {};
    const isCertain = isWhole && ended.failed === 0 && ["ingest", "sync", "prune"].includes(verb);
    const expected: readonly Given[] = told === null ? [known] : isCertain ? [told] : [known, told];
    const heirOf = movedFrom.filter(
      ({ content, ingestedAt }) => content === row.content && (old?.ingestedAt !== row.ingestedAt || row.ingestedAt > ingestedAt),
    );
    const problems = expected.map((given) => problemOf(row, given, heirOf));
    return problems.includes(null) ? [] : problems.slice(0, 1).flatMap((problem) => problem ?? []);
  });
}

function problemOf(row: Row, expected: Given, heirOf: readonly Row[]): Violation | null {
  for (const [key, value] of Object.entries(expected)) {
    if (row.given[key] !== value) return { breach: "metadata was lost", key: row.key, why: `${key} was ${value}, found ${row.given[key]}` };
  }
  for (const [key, value] of Object.entries(row.given)) {
    if (expected[key] === undefined && !heirOf.some(({ given }) => given[key] === value)) {
      return { breach: "metadata came from nowhere", key: row.key, why: `found ${key} ${value}` };
    }
  }
  return null;
}

/** What people gave an image follows it to its new name, if the call lists both names. */
function unmovedMetadata({ before, after, scope, verdicts, clock }: Judged, ledger: Ledger, world: World): readonly Violation[] {
  return [...verdicts.keys()].flatMap((key): readonly Violation[] => {
    const row = before.get(key);
    const thing = ledger.thingOf(key);
    if (row === undefined || row.path === null || thing === undefined || isContainer(ledger.originOf(key))) return [];
    const path = [...world.files].find(([, each]) => each === thing)?.[0];
    const source = scope.named.find((each) => path !== undefined && covers(each, path) && covers(each, row.path ?? ""));
    if (path === undefined || path === row.path || source === undefined || listedBy(source, world).extent === "unknown") return [];
    const heir = after.get(world.uri(path));
    const isNew = heir !== undefined && before.get(heir.key)?.ingestedAt !== heir.ingestedAt;
    if (clock === "ahead" && !isNew) return [];
    const lost = Object.keys(row.given).filter((name) => heir?.given[name] === undefined);
    return lost.length === 0
      ? []
      : [{ breach: "metadata was lost", key: row.key, why: `the image is now ${path}, without its ${lost.join(" and ")}` }];
  });
}

function toldOf(entry: Entry | undefined): Given | null {
  return entry === undefined || entry.caption === null ? null : { caption: entry.caption };
}
