/** Every pixel in relation to its neighbourhood: its difference from the mean there, over the deviation there. */
import { definePreprocessor } from "headrace/adapters/jax";

const side = 224;
/** Of the neighbourhood, in pixels. */
const radius = 16;
/** Keeps noise in even areas small, in 8-bit values. */
const floor = 12;

/** The mean along one axis as a matrix, made once: of fewer neighbours at the edge. */
const mean = Float32Array.from({ length: side * side }, (_, index) => {
  const row = Math.floor(index / side);
  const column = index % side;
  const neighbours = Math.min(row, radius) + 1 + Math.min(side - 1 - row, radius);
  return Math.abs(row - column) <= radius ? 1 / neighbours : 0;
});

export const preprocessor = definePreprocessor({
  name: "local contrast",
  version: "1",
  imageSize: [side, side],
  dtype: "float32",
  apply: (image, { numpy }) => {
    const across = numpy.transpose(numpy.array(mean).reshape([side, side]));
    // The mean along the last axis, which changes places with the one before: twice is both.
    const along = (values) => numpy.transpose(numpy.matmul(values, across.ref), [0, 2, 1]);
    const around = (values) => along(along(values));
    const channels = numpy.transpose(image, [2, 0, 1]);
    const means = around(channels.ref);
    const difference = channels.sub(means);
    const deviation = numpy.sqrt(around(numpy.square(difference.ref)));
    return difference.div(deviation.add(floor));
  },
});
