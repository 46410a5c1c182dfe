/** Compares each pixel with its neighbourhood: its difference from the mean grey, divided by the standard deviation. */
import { definePreprocessor } from "headrace/adapters/jax";

const side = 224;
/** The neighbourhood reaches this many pixels in each direction. */
const radius = 6;
/** Added to the deviation, in 8-bit values, so that noise in even areas stays small. */
const floor = 12;

const width = 2 * radius + 1;
/** Number of neighbours inside the image along one axis, by position. */
const neighbours = Array.from({ length: side }, (_, at) => Math.min(at, radius) + 1 + Math.min(side - 1 - at, radius));

export const preprocessor = definePreprocessor({
  name: "local contrast",
  version: "1",
  imageSize: [side, side],
  dtype: "float32",
  // Write `.ref` for each use of an array except the last: jax-js frees an array when it is used.
  apply: (image, { numpy, lax }) => {
    const around = (values) => {
      const down = lax.conv(values, numpy.ones([1, 1, width, 1]), [1, 1], "SAME");
      const sums = lax.conv(down, numpy.ones([1, 1, 1, width]), [1, 1], "SAME");
      return sums.div(numpy.array(neighbours).reshape([side, 1])).div(numpy.array(neighbours));
    };
    // Grey is one image with one channel, [1, 1, height, width]. Colours keep their distance from it.
    const grey = numpy.mean(image.ref, -1).reshape([1, 1, side, side]);
    const mean = around(grey.ref);
    const deviation = numpy.sqrt(around(numpy.square(grey.sub(mean.ref))));
    const channels = numpy.transpose(image, [2, 0, 1]);
    return channels.sub(mean.reshape([1, side, side])).div(deviation.add(floor).reshape([1, side, side]));
  },
});
