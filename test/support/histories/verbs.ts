/** The verbs of the product that a history can use. Each returns what was called and what came of it; null if it makes no sense now. */
import { join } from "node:path";
import type { Key } from "../../../src/contracts/index.js";
import { callText } from "./calls.js";
import { visibleFiles } from "./changes.js";
import { killedCall } from "./kills.js";
import type { Deletion } from "./ledger.js";
import { isManifest, nameOfSource, roots, type Source, sources } from "./places.js";
import type { Disturbance, PlayedCall, Player } from "./player.js";
import { collectionName, quiet } from "./product.js";
import type { Choices } from "./random.js";
import type { Row } from "./rows.js";

type Verb = (player: Player, choices: Choices) => Promise<string | null>;

const near = 0.9999;

export const verbs = {
  ingest: async (player, choices) => {
    const named = someSources(player, choices);
    return callText("ingest", named) + (await player.call("ingest", named)).text;
  },
  sync: async (player, choices) => {
    const named = someSources(player, choices);
    return callText("sync", named) + (await player.call("sync", named)).text;
  },
  prune: async (player, choices) => {
    const named = someSources(player, choices);
    const share = choices.oneIn(6) ? null : 1;
    const containers = choices.oneIn(3) ? "prune" : "keep";
    return pruned(player, named, await player.call("prune", named, { share, containers }), containers);
  },
  /** Another writer inserts an image that has just arrived, or a drive goes away, while `sync --prune` runs. */
  disturbedPrune: async (player, choices) => {
    const named = someSources(player, choices);
    const disturbance = choices.oneIn(2) ? newcomer(player, choices) : departure(player, choices);
    if (disturbance === null || player.shop.kind !== "memory") return null;
    return pruned(player, named, await player.call("prune", named, { disturbance }));
  },
  /** Syncs the way a person does who has reorganised the photos. */
  pruneFolder: async (player, choices) => {
    const named: readonly Source[] = [{ kind: "folder", root: choices.of(roots)! }];
    const containers = choices.oneIn(2) ? "prune" : "keep";
    return pruned(player, named, await player.call("prune", named, { containers }), containers);
  },
  verify: async (player, choices) => {
    const named = someSources(player, choices);
    player.count("repairs");
    return `${callText("verify --repair", named)}${(await player.call("verify", named)).text}`;
  },
  /** Mostly after an image that was missing has come. */
  retry: async (player, choices) => {
    const { ledger, world, pictures } = player;
    const missing = [...ledger.failed.values()].flatMap(({ entry: { path } }) => (path !== null && world.isFree(path) ? [path] : []));
    const come = choices.oneIn(3) ? undefined : choices.of(missing);
    if (come !== undefined) world.put(come, pictures[0]!);
    const waiting = [...ledger.failed.values()];
    const played = await player.call("retry", []);
    for (const { entry, how } of waiting) {
      const picture = entry.path === null ? null : (world.visible(entry.path)?.picture ?? null);
      if (how === "perhaps" || picture === null || picture.kind === "unreadable") continue;
      player.count("retried images");
      ledger.failed.delete(entry.key);
      if (!ledger.rows.has(entry.key))
        player.violations.push({ breach: "an image has no row", key: entry.key, why: "a retry did not store it" });
    }
    return `${come === undefined ? "" : `create ${come} (picture 0), then `}retry${played.text}`;
  },
  dedupe: async (player) => {
    const others: Key[] = [];
    if (player.ledger.rows.size === 0) return null;
    for await (const group of player.pipeline.duplicates({ collectionName, threshold: near }))
      others.push(...group.others.map(({ id }) => id));
    return others.length === 0 ? null : asked(player, "dedupe --delete", others);
  },
  delete: async (player, choices) => {
    const row = choices.of([...player.ledger.rows.values()]);
    return row === undefined ? null : asked(player, "delete", [row.id]);
  },
  restore: async (player) => {
    const last = player.ledger.deletions.pop();
    return last === undefined ? null : restored(player, last, (files) => player.call("restore", [], { files }));
  },
  killedRestore: async (player, choices) => {
    const last = player.shop.kind === "memory" ? undefined : player.ledger.deletions.pop();
    if (last === undefined) return null;
    return restored(player, last, (files) => killedCall(player, { verb: "restore", named: [], files, nth: 1 + choices.below(6) }));
  },
  /** A person inserts an image by its name, with a note. */
  tag: async (player, choices) => {
    const { world } = player;
    if (player.shop.kind === "command") return null;
    const path = choices.of(visibleFiles(world).filter((each) => world.files.get(each)?.picture.kind !== "unreadable"));
    if (path === undefined) return null;
    const note = world.newName("caption");
    const key = world.uri(path);
    world.favourites.add(path);
    player.count("tags");
    const { text } = await player.judged({ verb: "tag", share: 1, containers: "keep" }, [], async () => {
      await player.pipeline.insertImagesAsync({ inputs: [{ input: join(world.base, path), metadata: { note } }], collectionName });
      player.ledger.expect(key, { note });
      return { ended: quiet, during: null };
    });
    return `insert ${path} with the note ${note}${text}`;
  },
  /** A disk loses the vector of a row. */
  destroy: async (player, choices) => {
    const rows = [...player.ledger.rows.values()];
    const row = choices.of(rows.filter(({ given }) => choices.oneIn(2) || Object.keys(given).length > 0)) ?? choices.of(rows);
    if (row === undefined) return null;
    await destroyVector(player, row);
    return `destroy the vector of ${player.short(row.key)}`;
  },
  /** A call is killed (-9) before the n-th call of the store. */
  kill: async (player, choices) => {
    const named = someSources(player, choices);
    const verb = choices.of(["ingest", "sync", "prune", "prune", "verify"] as const)!;
    if (player.shop.kind === "memory") return null;
    return (await killedCall(player, { verb, named, files: [], nth: 1 + choices.below(9) })).text;
  },
} satisfies Readonly<Record<string, Verb>>;

/** Rather sources that have rows than others. */
function someSources({ ledger }: Player, choices: Choices): readonly Source[] {
  const wanted = 1 + choices.below(3);
  const origins = new Set([...ledger.rows.keys()].map((key) => ledger.originOf(key)));
  const used = sources.filter((source) => origins.has(nameOfSource(source)));
  const found: Source[] = [];
  for (let tries = 0; found.length < wanted && tries < wanted * 2; tries += 1) {
    const source = (choices.oneIn(2) ? choices.of(used) : undefined) ?? choices.of(sources)!;
    const isDouble = found.some((each) => nameOfSource(each) === nameOfSource(source) || (isManifest(each) && isManifest(source)));
    if (!isDouble) found.push(source);
  }
  return found;
}

function pruned(player: Player, named: readonly Source[], { text, deleted }: PlayedCall, containers: "keep" | "prune" = "keep"): string {
  player.count("pruned rows", deleted.length);
  if (named.some((source) => (source.kind === "folder" || source.kind === "glob") && player.world.away(source.root) !== undefined)) {
    player.count("prunes of sources that are away");
  }
  const archived = deleted.filter(({ archive }) => archive !== null && player.world.tar(archive) === undefined);
  player.count("pruned rows of archives that are gone", archived.length);
  return callText(`sync --prune${containers === "prune" ? " --prune-containers" : ""}`, named) + text;
}

/** Brings back what a call has deleted. Rows that are there again stay as they are. */
async function restored(player: Player, deletion: Deletion, restore: (files: readonly string[]) => Promise<PlayedCall>): Promise<string> {
  const { ledger } = player;
  const missing = deletion.rows.filter(({ key }) => !ledger.rows.has(key));
  for (const row of missing) ledger.given.set(row.key, row.given);
  const { text, ended } = await restore(deletion.files);
  const back = missing.filter((row) => isSame(ledger.rows.get(row.key), row));
  player.count("restored rows", back.length);
  if (!ended.completed) ledger.deletions.push(deletion);
  else {
    for (const row of missing)
      if (!back.includes(row)) player.violations.push({ breach: "a row is not restored", key: row.key, why: "it is not there as it was" });
  }
  return `restore ${missing.map(({ key }) => player.short(key)).join(", ")}${text}`;
}

/** Deletes rows by name, as a person asks for it. */
async function asked(player: Player, verb: string, ids: readonly Key[]): Promise<string> {
  const files = await player.shop.deletedFiles();
  await player.pipeline.deleteByIds(collectionName, ids);
  const after = await player.look();
  const gone = [...player.ledger.rows.values()].filter(({ key }) => !after.has(key));
  for (const row of gone) {
    if (!ids.includes(row.id))
      player.violations.push({ breach: "a row was deleted whose image exists", key: row.key, why: "nobody asked for it" });
  }
  player.count("rows deleted by name", gone.length);
  await player.remember(gone, files);
  player.learn(after, new Map());
  return `${verb} ${gone.map(({ key }) => player.short(key)).join(", ")} → ${after.size} rows`;
}

function newcomer(player: Player, choices: Choices): Disturbance {
  const { world, pictures } = player;
  const path = `${choices.of(roots)!}/late.jpg`;
  return {
    when: 1 + choices.below(12),
    happen: async () => {
      if (!world.isFree(path)) return "nothing";
      world.put(path, pictures[choices.below(8)]!);
      await player.pipeline.insertImagesAsync({ inputs: [join(world.base, path)], collectionName });
      const row = (await player.look()).get(world.uri(path));
      if (row !== undefined) player.shop.inserted.push(row);
      player.count("inserts by another writer");
      return `another writer inserts ${path}`;
    },
  };
}

function departure(player: Player, choices: Choices): Disturbance | null {
  const { world } = player;
  const root = choices.of(roots.filter((each) => world.away(each) === undefined));
  const left = choices.oneIn(2) ? "empty" : "missing";
  if (root === undefined) return null;
  const happen = (): string => {
    world.unmount(root, left);
    player.count("drives that go away during a call");
    return `${root} is unmounted; its mount point is ${left}`;
  };
  return { when: choices.oneIn(2) ? "listing" : 1 + choices.below(12), happen };
}

async function destroyVector(player: Player, row: Row): Promise<void> {
  const { signal } = new AbortController();
  const collection = await player.shop.store.openCollection(collectionName, "write");
  try {
    for (const { id, facts, ingestedAt } of await collection.get([row.id], { vectors: "omit" })) {
      const { dimension } = collection;
      await collection.upsert({ ids: [id], vectors: new Float32Array(dimension), dimension, facts: [facts], ingestedAt }, signal);
    }
  } finally {
    await collection.close();
  }
  player.learn(await player.look(), new Map());
  player.ledger.destroyed.add(row.key);
  player.count("destroyed vectors");
}

function isSame(found: Row | undefined, row: Row): boolean {
  return found !== undefined && JSON.stringify(comparable(found)) === JSON.stringify(comparable(row));
}

function comparable({ id, path, content, given, ingestedAt, hasVector }: Row): unknown {
  return [String(id), path, content, Object.entries(given).sort(), ingestedAt, hasVector];
}
