/** The middle of the image, at a scale drawn by chance: always the same chance, as the key is fixed. */
import { definePreprocessor } from "headrace/adapters/jax";

const from = 256;
const to = 224;
/** Another key is another scale, and so another version. */
const seed = 20;

export const preprocessor = definePreprocessor({
  name: "random scale crop",
  version: `key ${seed}`,
  imageSize: [from, from],
  geometry: { kind: "crop", shorterSide: from, width: from, height: from, filter: "bicubic" },
  dtype: "float32",
  apply: (image, { numpy, random }) => {
    const scale = random.uniform(random.key(seed), [], { minval: 0.6, maxval: 1.1 });
    // Where each pixel of the result lies in the image, and by how much the pixels there count: a bilinear resize as a matrix.
    const places = numpy
      .arange(to)
      .sub((to - 1) / 2)
      .mul(scale)
      .add((from - 1) / 2);
    const distances = numpy.abs(places.reshape([to, 1]).sub(numpy.arange(from).reshape([1, from])));
    const weights = numpy.clip(numpy.array(1).sub(distances), 0, 1);
    const across = numpy.transpose(weights);
    // Resizes the last axis and exchanges it with the one before: twice is both.
    const along = (values) => numpy.transpose(numpy.matmul(values, across.ref), [0, 2, 1]);
    return along(along(numpy.transpose(image, [2, 0, 1])))
      .sub(127)
      .div(128);
  },
});
