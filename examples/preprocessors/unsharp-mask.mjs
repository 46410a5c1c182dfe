/** Edges made stronger: the image and 0.8 of its difference from a blurred one. */
import { definePreprocessor } from "headrace/adapters/jax";

const side = 224;
const amount = 0.8;
/** Of the blur, in pixels. */
const sigma = 1.5;

/** A blur along one axis as a matrix, made once; every row adds up to 1, also at the edge. */
const blur = new Float32Array(side * side);
for (let row = 0; row < side; row += 1) {
  const weights = Float32Array.from({ length: side }, (_, column) => Math.exp(-((row - column) ** 2) / (2 * sigma * sigma)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  blur.set(
    weights.map((weight) => weight / sum),
    row * side,
  );
}

export const preprocessor = definePreprocessor({
  name: "unsharp mask",
  version: "1",
  imageSize: [side, side],
  geometry: { kind: "crop", shorterSide: 256, width: side, height: side, filter: "bicubic" },
  dtype: "float32",
  // `.ref` for each use of an array but the last: jax-js frees an array when it is used.
  apply: (image, { numpy }) => {
    const channels = numpy.transpose(image, [2, 0, 1]);
    const across = numpy.transpose(numpy.array(blur).reshape([side, side]));
    // Blurs along the last axis and exchanges it with the one before: twice is both.
    const along = (values) => numpy.transpose(numpy.matmul(values, across.ref), [0, 2, 1]);
    const blurred = along(along(channels.ref));
    const sharpened = channels.ref.add(channels.sub(blurred).mul(amount));
    return numpy.clip(sharpened, 0, 255).sub(127).div(128);
  },
});
