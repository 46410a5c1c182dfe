/** Sharpens edges: adds 0.8 of the difference between the image and a blurred copy. */
import { definePreprocessor } from "headrace/adapters/jax";

const side = 224;
const amount = 0.8;
/** Blur weights along one axis. */
const weights = [1, 6, 15, 20, 15, 6, 1].map((weight) => weight / 64);
const radius = 3;

/** Sum of the weights inside the image, by position: less than 1 near the edge. */
const inside = Array.from({ length: side }, (_, at) =>
  weights.reduce((sum, weight, tap) => (at + tap >= radius && at + tap < side + radius ? sum + weight : sum), 0),
);

export const preprocessor = definePreprocessor({
  name: "unsharp mask",
  version: "1",
  imageSize: [side, side],
  geometry: { kind: "crop", shorterSide: 256, width: side, height: side, filter: "bicubic" },
  dtype: "float32",
  // Write `.ref` for each use of an array except the last: jax-js frees an array when it is used.
  apply: (image, { numpy, lax }) => {
    // The channels are a batch of three grey images, [3, 1, height, width].
    const channels = numpy.transpose(image, [2, 0, 1]).reshape([3, 1, side, side]);
    const kernel = numpy.array(weights);
    const down = lax.conv(channels.ref, kernel.ref.reshape([1, 1, weights.length, 1]), [1, 1], "SAME");
    const both = lax.conv(down, kernel.reshape([1, 1, 1, weights.length]), [1, 1], "SAME");
    const blurred = both.div(numpy.array(inside).reshape([side, 1])).div(numpy.array(inside));
    const sharpened = channels.ref.add(channels.sub(blurred).mul(amount));
    return numpy.clip(sharpened, 0, 255).sub(127).div(128).reshape([3, side, side]);
  },
});
