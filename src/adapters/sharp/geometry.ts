/** Computes the size to which each axis of an image is resized, and the part of the resized axis that is kept. */
import { type CropRounding, type Geometry, HeadraceError } from "../../contracts/index.js";

/** How one axis of an image (its width or its height) is resized and cropped. All numbers are pixels. */
export interface Axis {
  /** Size of the upright image along this axis. */
  readonly from: number;
  /** Size after resizing. */
  readonly to: number;
  /** The first pixel to keep after resizing. */
  readonly cut: number;
  /** Number of pixels to keep. */
  readonly keep: number;
  /** Position of the kept pixels in the result. */
  readonly at: number;
}

export interface Plan {
  readonly x: Axis;
  readonly y: Axis;
  readonly width: number;
  readonly height: number;
  /** Colour of the area that the image does not cover, 8-bit RGB. */
  readonly fill: readonly [number, number, number];
}

const white = [255, 255, 255] as const;

/** Throws `config_conflict` if the crop is larger than the shorter side. */
export function planGeometry(width: number, height: number, target: Geometry): Plan {
  const result = { width: target.width, height: target.height, fill: white };
  switch (target.kind) {
    case "squash":
      return { ...result, x: whole(width, target.width), y: whole(height, target.height) };
    case "crop": {
      if (target.shorterSide < Math.max(target.width, target.height))
        throw new HeadraceError(
          "config_conflict",
          `crop: expected at most the shorter side of ${target.shorterSide} pixels, found ${target.width} × ${target.height}`,
        );
      const scale = { by: target.shorterSide, over: Math.min(width, height) };
      const { rounding = "nearest" } = target;
      return { ...result, x: centre(width, scale, target.width, rounding), y: centre(height, scale, target.height, rounding) };
    }
    case "letterbox": {
      const widthDecides = target.width * height <= target.height * width;
      const scale = widthDecides ? { by: target.width, over: width } : { by: target.height, over: height };
      return { ...result, fill: target.fill, x: inside(width, scale, target.width), y: inside(height, scale, target.height) };
    }
    default:
      return target satisfies never;
  }
}

/** The scale `by / over`. A fraction of whole numbers, so that sizes that end in exactly one half are rounded up reliably. */
interface Scale {
  readonly by: number;
  readonly over: number;
}

function whole(from: number, to: number): Axis {
  return { from, to, cut: 0, keep: to, at: 0 };
}

function centre(from: number, scale: Scale, keep: number, rounding: CropRounding): Axis {
  const to = rounding === "nearest" ? scaled(from, scale) : Math.floor((from * scale.by) / scale.over);
  const cut = Math.floor((to - keep) / 2);
  const isOddHalf = (to - keep) % 2 === 1 && cut % 2 === 1;
  return { from, to, cut: rounding === "torchvision" && isOddHalf ? cut + 1 : cut, keep, at: 0 };
}

function inside(from: number, scale: Scale, room: number): Axis {
  const to = Math.max(1, scaled(from, scale));
  return { from, to, cut: 0, keep: to, at: Math.floor((room - to) / 2) };
}

/** Rounds halves up, like the program that made the reference tensors of the tests. */
function scaled(side: number, { by, over }: Scale): number {
  return Math.floor((side * by) / over + 0.5);
}
