/** How one photo of a corpus is made: drawn from the seed and its number alone, so that photos can be made in any order. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Recipe extends Size {
  readonly file: string;
  readonly subject: string;
  readonly format: "jpg" | "png" | "webp";
  readonly quality: number;
  readonly mirrored: boolean;
  /** Factors of red, green and blue: exposure and white balance. */
  readonly gains: readonly [number, number, number];
  /** Added to the pixels, again and again; its length is prime, so that rows never line up. */
  readonly grain: Int8Array;
  /** The part of the source that it shows. */
  window(source: Size): { left: number; top: number; width: number; height: number };
}

const vga: readonly Size[] = [
  { width: 640, height: 480 },
  { width: 640, height: 427 },
  { width: 480, height: 640 },
  { width: 427, height: 640 },
];
/** By falling share: 60 %, 20 %, 12 %, 8 %. */
const mixed: readonly { readonly below: number; readonly sizes: readonly Size[] }[] = [
  { below: 0.6, sizes: vga },
  {
    below: 0.8,
    sizes: [
      { width: 1600, height: 1200 },
      { width: 1080, height: 1920 },
    ],
  },
  {
    below: 0.92,
    sizes: [
      { width: 2592, height: 1944 },
      { width: 1944, height: 2592 },
    ],
  },
  {
    below: 1,
    sizes: [
      { width: 4000, height: 3000 },
      { width: 3000, height: 4000 },
    ],
  },
];

const grainLength = 16_381;

/** The recipe of photo `index`. */
export function photoRecipe(seed: number, index: number, sizes: "vga" | "mixed", subjects: readonly string[]): Recipe {
  const random = randomNumbers(seed, index);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const between = (low: number, high: number) => low + random() * (high - low);

  const subject = subjects[index % subjects.length] as string;
  const share = random();
  const size = pick(sizes === "vga" ? vga : (mixed.find(({ below }) => share < below)?.sizes ?? vga));
  const draw = random();
  const format = size.width * size.height > 400_000 || draw < 0.84 ? "jpg" : draw < 0.92 ? "png" : "webp";
  const zoom = between(0.55, 1);
  const exposure = between(0.7, 1.3);
  const [across, down] = [random(), random()];
  return {
    ...size,
    file: `${subject}-${String(index).padStart(4, "0")}.${format}`,
    subject,
    format,
    quality: Math.round(between(80, 92)),
    mirrored: random() < 0.5,
    gains: [exposure * between(0.9, 1.1), exposure, exposure * between(0.9, 1.1)],
    grain: Int8Array.from({ length: grainLength }, () => (random() + random() - 1) * 12),
    window: (source) => {
      const scale = zoom * Math.min(source.width / size.width, source.height / size.height);
      const width = Math.floor(size.width * scale);
      const height = Math.floor(size.height * scale);
      return { width, height, left: Math.floor(across * (source.width - width)), top: Math.floor(down * (source.height - height)) };
    },
  };
}

/** Mulberry32: small, fast, and good enough for crops. */
function randomNumbers(seed: number, index: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
