/** Three fixed probe images. Their embeddings identify a model with its preprocessing, and are stored in the passport of a collection. */
import type { Encoded } from "../contracts/index.js";
import { encodePng } from "../kit/index.js";

/** Returns the colour at a position. All numbers are from 0 to 1. `x` increases to the right, `y` increases downwards. */
type Painting = (x: number, y: number) => readonly [number, number, number];

interface Probe {
  readonly width: number;
  readonly height: number;
  readonly paint: Painting;
}

// A wide, a tall and a small image. No image is square, so that crop, squash and letterbox give different results. Preprocessing shrinks
// the large images and enlarges the small one. In each image, the colour channels differ, and the corners differ from the centre.
const probes: readonly Probe[] = [
  { width: 480, height: 300, paint: paintRings },
  { width: 280, height: 420, paint: paintScene },
  { width: 150, height: 96, paint: paintPlaid },
];

/** Returns the probe images as PNG files. Every call returns the same pixels. */
export function probeImages(): readonly Encoded[] {
  return probes.map(({ width, height, paint }) => ({
    bytes: encodePng({ width, height, channels: 3, data: render(width, height, paint) }, 1),
    version: null,
  }));
}

function render(width: number, height: number, paint: Painting): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const colour = paint(x / width, y / height);
      for (let channel = 0; channel < 3; channel += 1) rgb[(y * width + x) * 3 + channel] = Math.round(255 * colour[channel]!);
    }
  }
  return rgb;
}

// The functions below use only + − × ÷ and comparisons. Sines and roots can differ in the last digit between JavaScript engines.

function paintRings(x: number, y: number): readonly [number, number, number] {
  const dx = x - 0.3;
  const dy = y - 0.55;
  const ring = Math.floor((dx * dx * 2.56 + dy * dy) * 40) % 3;
  return [ring === 0 ? 0.95 : 0.3 * x, ring === 1 ? 0.7 : 0.15 + 0.4 * y, ring === 2 ? 0.55 : 0.1];
}

function paintScene(x: number, y: number): readonly [number, number, number] {
  const sunX = x - 0.78;
  const sunY = (y - 0.14) * 1.5;
  if (sunX * sunX + sunY * sunY < 0.012) return [1, 0.85, 0.1];
  const isWall = x > 0.15 && x < 0.6 && y > 0.5 && y < 0.85;
  const isDoor = x > 0.32 && x < 0.43 && y > 0.65 && y < 0.85;
  const isRoof = y > 0.34 && y <= 0.5 && Math.abs(x - 0.375) < (y - 0.34) * 1.9;
  if (isDoor) return [0.25, 0.12, 0.05];
  if (isWall) return Math.floor(y * 60) % 2 === 0 ? [0.8, 0.45, 0.35] : [0.68, 0.33, 0.25];
  if (isRoof) return [0.35, 0.1, 0.12];
  return y < 0.72 ? [0.35 + 0.4 * y, 0.6 + 0.3 * y, 0.95] : [0.2, 0.55 - 0.3 * (y - 0.72), 0.12];
}

function paintPlaid(x: number, y: number): readonly [number, number, number] {
  const column = Math.floor(x * 12) % 3;
  const row = Math.floor(y * 7) % 2;
  return [column === 0 ? 0.9 : 0.2 + 0.3 * row, column === 1 ? 0.6 : 0.1 + 0.2 * x, row === 0 ? 0.75 : 0.15];
}
