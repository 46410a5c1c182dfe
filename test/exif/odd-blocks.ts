/** Blocks of EXIF as cameras and programs should never write them, and what Headrace reads from them. */
import type { Metadata } from "../../src/index.js";
import { type Directories, type Order, type Tag, tiffBlock } from "./tiff-block.js";

export interface OddBlock {
  readonly name: string;
  readonly block: (order: Order) => Buffer;
  readonly expected: Metadata;
}

const text = (tag: number, content: string, wrong: Pick<Tag, "count" | "at"> = {}): Tag => ({ tag, type: "text", content, ...wrong });
const moment = text(0x9003, "2024:06:01 12:30:45");
const zone = text(0x9011, "+02:00");
const camera = [text(0x010f, "Canon"), text(0x0110, "Canon EOS R5")];

function degrees(latitude: Tag["content"], longitude: Tag["content"], refs: readonly [string, string] | null = ["S", "W"]): readonly Tag[] {
  return [
    ...(refs === null ? [] : [text(1, refs[0])]),
    { tag: 2, type: "rational", content: latitude },
    ...(refs === null ? [] : [text(3, refs[1])]),
    { tag: 4, type: "rational", content: longitude },
  ];
}

const whole: readonly [number, number][] = [
  [46, 1],
  [12, 1],
  [0, 1],
];
const place = degrees(whole, [
  [6, 1],
  [6, 1],
  [0, 1],
]);
const takenAt = { taken_at: "2024-06-01T12:30:45+02:00" };
const named = { camera: "Canon EOS R5" };
const there = { latitude: -46.2, longitude: -6.1 };
const good: Directories = { image: camera, exif: [moment, zone], gps: place };

const odd = (name: string, wrong: Directories, expected: Metadata): OddBlock => ({
  name,
  block: (order) => tiffBlock({ ...good, ...wrong }, order),
  expected,
});

const dates = [
  "2024:02:30 10:00:00",
  "0000:00:00 00:00:00",
  "    :  :     :  :  ",
  "2024:13:01 00:00:00",
  "2024:06:01 24:00:00",
  "1700:01:01 00:00:00",
  "yesterday",
  "",
];

export const oddBlocks: readonly OddBlock[] = [
  odd("nothing wrong", {}, { ...takenAt, ...there, ...named }),
  ...dates.map((date) => odd(`the moment ${JSON.stringify(date)}`, { exif: [text(0x9003, date)] }, { ...there, ...named })),
  odd("an offset of 25 hours", { exif: [moment, text(0x9011, "+25:00")] }, { taken_at: "2024-06-01T12:30:45", ...there, ...named }),
  odd("a moment as numbers", { exif: [{ tag: 0x9003, type: "short", content: [2024, 6, 1] }] }, { ...there, ...named }),
  odd("a moment outside the file", { exif: [{ ...moment, at: 0xfffffff0 }, zone] }, { ...there, ...named }),
  odd("a moment of four billion letters", { exif: [{ ...moment, count: 0xffffffff }, zone] }, { ...there, ...named }),
  odd("a moment twice", { exif: [moment, text(0x9003, "2001:01:01 00:00:00"), zone] }, { ...takenAt, ...there, ...named }),
  odd("a directory outside the file", { exifAt: 0xffffff00 }, { ...there, ...named }),
  odd("a directory that is the first one", { exifAt: 8 }, { ...there, ...named }),
  odd("a directory in the header", { exifAt: 1 }, { ...there, ...named }),
  odd("more tags than there are", { exifTags: 0xffff }, { ...takenAt, ...there, ...named }),
  odd("the place 0, 0", { gps: degrees([[0, 1]], [[0, 1]]) }, { ...takenAt, ...named }),
  odd("a latitude of 91 degrees", { gps: degrees([[91, 1]], [[6, 1]]) }, { ...takenAt, ...named }),
  odd("degrees divided by zero", { gps: degrees([[46, 0]], [[6, 0]]) }, { ...takenAt, ...named }),
  odd(
    "60 minutes",
    {
      gps: degrees(
        [
          [46, 1],
          [60, 1],
        ],
        [[6, 1]],
      ),
    },
    { ...takenAt, ...named },
  ),
  odd("a place without directions", { gps: degrees(whole, [[6, 1]], null) }, { ...takenAt, ...named }),
  odd("other letters for directions", { gps: degrees(whole, [[6, 1]], ["X", "Y"]) }, { ...takenAt, ...named }),
  odd(
    "seconds that are absent",
    {
      gps: degrees(
        [
          [46, 1],
          [12, 1],
        ],
        [[61, 10]],
      ),
    },
    { ...takenAt, ...there, ...named },
  ),
  odd("degrees as text", { gps: [text(1, "S"), text(2, "46.2"), text(3, "W"), text(4, "6.1")] }, { ...takenAt, ...named }),
  odd("a camera of 5,000 letters", { image: [text(0x0110, "X".repeat(5_000))] }, { ...takenAt, ...there, camera: "X".repeat(200) }),
  odd("a camera with control characters", { image: [text(0x0110, " A\u0007\n\tB  ")] }, { ...takenAt, ...there, camera: "A B" }),
  odd("a camera of blanks", { image: [text(0x0110, "    ")] }, { ...takenAt, ...there }),
  odd("a camera in the place of the directories", { image: [{ ...camera[1]!, at: 8 }] }, { ...takenAt, ...there }),
  { name: "another byte order", block: (order) => Buffer.concat([Buffer.from("XX*\0"), tiffBlock(good, order).subarray(4)]), expected: {} },
  { name: "a block of four bytes", block: (order) => tiffBlock(good, order).subarray(0, 4), expected: {} },
  { name: "an empty block", block: () => Buffer.alloc(0), expected: {} },
];
