/** Every pixel in relation to its neighbourhood: its difference from the grey there, over the deviation there. */
import { definePreprocessor } from "headrace/adapters/jax";

const side = 224;
/** Of the neighbourhood, in pixels. */
const radius = 6;
/** Keeps noise in even areas small, in 8-bit values. */
const floor = 12;

const width = 2 * radius + 1;
/** How many neighbours are inside the image, by position. */
const neighbours = Array.from({ length: side }, (_, at) => Math.min(at, radius) + 1 + Math.min(side - 1 - at, radius));

export const preprocessor = definePreprocessor({
  name: "local contrast",
  version: "1",
  imageSize: [side, side],
  dtype: "float32",
  // `.ref` for each use of an array but the last: jax-js frees an array when it is used.
  apply: (image, { numpy, lax }) => {
    const around = (values) => {
      const down = lax.conv(values, numpy.ones([1, 1, width, 1]), [1, 1], "SAME");
      const sums = lax.conv(down, numpy.ones([1, 1, 1, width]), [1, 1], "SAME");
      return sums.div(numpy.array(neighbours).reshape([side, 1])).div(numpy.array(neighbours));
    };
    // Grey as one image of one channel, [1, 1, height, width]; colours keep their distance from it.
    const grey = numpy.mean(image.ref, -1).reshape([1, 1, side, side]);
    const mean = around(grey.ref);
    const deviation = numpy.sqrt(around(numpy.square(grey.sub(mean.ref))));
    const channels = numpy.transpose(image, [2, 0, 1]);
    return channels.sub(mean.reshape([1, side, side])).div(deviation.add(floor).reshape([1, side, side]));
  },
});
