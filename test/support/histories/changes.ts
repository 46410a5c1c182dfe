/** The changes of the file system that a history can make. Each returns what it did, in words; null if there is nothing to change so. */
import { join } from "node:path";
import type { Picture } from "./pictures.js";
import { branches, fileNames, isTable, listPaths, rootOf, roots, tarPaths } from "./places.js";
import type { Choices } from "./random.js";
import type { Line, World } from "./world.js";

type Change = (world: World, choices: Choices, pictures: readonly Picture[]) => string | null;

const tarBlock = 512;

export const changes = {
  create: (world, choices, pictures) => {
    const path = anyPath(choices);
    if (!world.isFree(path)) return null;
    return put(world, path, pictures, choices);
  },
  copy: (world, choices) => {
    const from = choices.of(visibleFiles(world));
    const to = anyPath(choices);
    if (from === undefined || !world.isFree(to)) return null;
    world.put(to, world.files.get(from)!.picture);
    return `copy ${from} to ${to}`;
  },
  change: (world, choices, pictures) => {
    const path = choices.of(visibleFiles(world));
    return path === undefined ? null : put(world, path, pictures, choices);
  },
  rename: (world, choices) => {
    const from = favourite(world, choices) ?? choices.of(visibleFiles(world));
    const anywhere = anyPath(choices);
    const to = from === undefined || choices.oneIn(3) ? anywhere : anywhere.replace(/^[a-z]+/, rootOf(from) ?? "");
    if (from === undefined || from === to || to.startsWith(`${from}/`)) return null;
    if (!world.isFree(to) && world.visible(to) === undefined) return null;
    world.rename(from, to);
    return `rename ${from} to ${to}`;
  },
  remove: (world, choices) => {
    const path = choices.of(visibleFiles(world));
    if (path === undefined) return null;
    world.remove(path);
    return `remove ${path}`;
  },
  toFolder: (world, choices, pictures) => {
    const path = choices.of(visibleFiles(world));
    if (path === undefined || path.split("/").length > 4) return null;
    world.remove(path);
    return `replace ${path} by a folder, and ${put(world, `${path}/1.jpg`, pictures, choices)}`;
  },
  unmount: (world, choices) => {
    const root = choices.of(roots.filter((each) => world.away(each) === undefined));
    if (root === undefined) return null;
    const left = choices.oneIn(2) ? "empty" : "missing";
    world.unmount(root, left);
    return `unmount ${root}; its mount point is ${left}`;
  },
  mount: (world, choices) => {
    const root = choices.of(roots.filter((each) => world.away(each) !== undefined));
    if (root === undefined) return null;
    world.mount(root);
    return `mount ${root}`;
  },
  pack: (world, choices, pictures) => {
    const path = choices.of(tarPaths);
    if (path === undefined || !world.isMounted(path)) return null;
    const names = ["a.jpg", "b.npy", "c.jpg", "d.jpg", "e.bin"].filter(() => !choices.oneIn(4));
    world.writeTar(path, new Map(names.map((name) => [name, name.endsWith(".jpg") ? whole(choices, pictures) : null])));
    return `pack ${names.join(" ")} into ${path}`;
  },
  cut: (world, choices) => {
    const path = choices.of(tarPaths.filter((each) => world.isMounted(each) && world.tar(each) !== undefined));
    const tar = path === undefined ? undefined : world.tar(path);
    if (path === undefined || tar === undefined || tar.members.size === 0) return null;
    const blocks = [...tar.members.values()].reduce(
      (sum, picture) => sum + 1 + Math.ceil((picture?.bytes.byteLength ?? 3_000) / tarBlock),
      0,
    );
    const at = (1 + choices.below(blocks)) * tarBlock - (choices.oneIn(2) ? 0 : 100);
    world.writeTar(path, tar.members, at);
    return `cut ${path} after ${at} bytes`;
  },
  removeTar: (world, choices) => {
    const path = choices.of(tarPaths.filter((each) => world.isMounted(each) && world.tar(each) !== undefined));
    if (path === undefined) return null;
    world.removeTar(path);
    return `remove ${path}`;
  },
  addLine: (world, choices) => {
    const list = choices.of(listPaths);
    if (list === undefined || !world.isMounted(list)) return null;
    const lines = world.list(list);
    // Every third line is another product with a picture that the list has already.
    const shared = choices.oneIn(3) ? choices.of(lines)?.path : undefined;
    const path = shared ?? choices.of(visibleFiles(world)) ?? anyPath(choices);
    const hasId = isTable(list) || shared !== undefined || choices.below(3) > 0;
    const line: Line = {
      path: choices.oneIn(6) ? anyPath(choices) : path,
      id: hasId ? world.newName("sku") : null,
      caption: isTable(list) || choices.oneIn(2) ? world.newName("caption") : null,
    };
    world.writeList(list, [...lines, line]);
    return `add to ${list}: ${textOf(line)}`;
  },
  dropLine: (world, choices) => {
    const list = choices.of(listPaths.filter((each) => world.isMounted(each) && world.list(each).length > 0));
    const line = list === undefined ? undefined : choices.of(world.list(list));
    if (list === undefined || line === undefined) return null;
    world.writeList(
      list,
      world.list(list).filter((each) => each !== line),
    );
    return `take out of ${list}: ${textOf(line)}`;
  },
  editLine: (world, choices) => {
    const list = choices.of(listPaths.filter((each) => world.isMounted(each) && world.list(each).length > 0));
    const line = list === undefined ? undefined : choices.of(world.list(list));
    if (list === undefined || line === undefined) return null;
    const isNamed = line.id === null && choices.oneIn(2);
    const edited = isNamed ? { ...line, id: world.newName("sku") } : { ...line, caption: world.newName("caption") };
    world.writeList(
      list,
      world.list(list).map((each) => (each === line ? edited : each)),
    );
    return `edit in ${list}: ${textOf(edited)}`;
  },
  appear: (world, choices, pictures) => {
    const missing = listPaths.flatMap((list) => world.list(list)).filter(({ path }) => world.isFree(path));
    const line = choices.of(missing);
    return line === undefined ? null : put(world, line.path, pictures, choices);
  },
} satisfies Readonly<Record<string, Change>>;

export function visibleFiles(world: World): readonly string[] {
  return [...world.files.keys()].filter((path) => world.isMounted(path));
}

/** Every second time a file of which people have said something. */
function favourite(world: World, choices: Choices): string | undefined {
  return choices.oneIn(2) ? choices.of(visibleFiles(world).filter((path) => world.favourites.has(path))) : undefined;
}

function anyPath(choices: Choices): string {
  return join(choices.of(roots)!, `${choices.of(branches)!}${choices.of(fileNames)!}`);
}

function put(world: World, path: string, pictures: readonly Picture[], choices: Choices): string {
  const picture = choices.of(pictures)!;
  const verb = world.files.has(path) ? "change" : "create";
  world.put(path, picture);
  return `${verb} ${path} (picture ${pictures.indexOf(picture)}${picture.kind === "whole" ? "" : `, ${picture.kind}`})`;
}

function whole(choices: Choices, pictures: readonly Picture[]): Picture {
  return choices.of(pictures.filter(({ kind }) => kind === "whole"))!;
}

function textOf({ path, id, caption }: Line): string {
  return [path, ...(id === null ? [] : [id]), ...(caption === null ? [] : [caption])].join(", ");
}
