/** Writes blocks of EXIF byte by byte, so that a test can make them wrong. */

export type Order = "little" | "big";
type Content = string | readonly number[] | readonly (readonly [number, number])[];

/** A tag with the type of its values. `count` and `at`: a wrong number of values, a wrong place of them. */
export interface Tag {
  readonly tag: number;
  readonly type: "text" | "short" | "long" | "rational";
  readonly content: Content;
  readonly count?: number;
  readonly at?: number;
}

export interface Directories {
  readonly image?: readonly Tag[];
  readonly exif?: readonly Tag[];
  readonly gps?: readonly Tag[];
  /** Where the directories are said to be. */
  readonly exifAt?: number;
  readonly gpsAt?: number;
  /** The number of tags that the directory `exif` is said to have. */
  readonly exifTags?: number;
}

const numbers = { text: 2, short: 3, long: 4, rational: 5 } as const;
const sizes = { text: 1, short: 2, long: 4, rational: 8 } as const;

export function tiffBlock({ image = [], exif = [], gps = [], exifAt, gpsAt, exifTags }: Directories, order: Order): Buffer {
  const links = (exifStart: number, gpsStart: number): readonly Tag[] => [
    ...image,
    { tag: 0x8769, type: "long", content: [exifAt ?? exifStart] },
    { tag: 0x8825, type: "long", content: [gpsAt ?? gpsStart] },
  ];
  const exifStart = 8 + directory(links(0, 0), 8, order).length;
  const own = directory(exif, exifStart, order, exifTags);
  const gpsStart = exifStart + own.length;
  const start = Buffer.from(order === "little" ? "49492a0008000000" : "4d4d002a00000008", "hex");
  return Buffer.concat([start, directory(links(exifStart, gpsStart), 8, order), own, directory(gps, gpsStart, order)]);
}

function directory(tags: readonly Tag[], start: number, order: Order, said = tags.length): Buffer {
  const values: Buffer[] = [];
  let next = start + 2 + 12 * tags.length + 4;
  const entries = tags.map(({ tag, type, content, count, at }) => {
    const value = bytesOf(content, type, order);
    const place = value.length <= 4 ? Buffer.concat([value, Buffer.alloc(4 - value.length)]) : uint(at ?? next, 4, order);
    if (value.length > 4) {
      values.push(value);
      next += value.length;
    }
    return Buffer.concat([uint(tag, 2, order), uint(numbers[type], 2, order), uint(count ?? value.length / sizes[type], 4, order), place]);
  });
  return Buffer.concat([uint(said, 2, order), ...entries, uint(0, 4, order), ...values]);
}

function bytesOf(content: Content, type: Tag["type"], order: Order): Buffer {
  if (typeof content === "string") return Buffer.from(`${content}\0`, "utf8");
  const size = type === "short" ? 2 : 4;
  return Buffer.concat(content.flat().map((value) => uint(value, size, order)));
}

function uint(value: number, size: 2 | 4, order: Order): Buffer {
  const bytes = Buffer.alloc(size);
  if (order === "little") bytes.writeUIntLE(value, 0, size);
  else bytes.writeUIntBE(value, 0, size);
  return bytes;
}
