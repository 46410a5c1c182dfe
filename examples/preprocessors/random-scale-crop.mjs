/** Crops the centre of the image at a random scale. The key is fixed, so the scale is always the same. */
import { definePreprocessor } from "headrace/adapters/jax";

const from = 256;
const to = 224;
/** Another key gives another scale, so it is part of the version. */
const seed = 20;

export const preprocessor = definePreprocessor({
  name: "random scale crop",
  version: `key ${seed}`,
  imageSize: [from, from],
  geometry: { kind: "crop", shorterSide: from, width: from, height: from, filter: "bicubic" },
  dtype: "float32",
  // Write `.ref` for each use of an array except the last: jax-js frees an array when it is used.
  apply: (image, { numpy, random }) => {
    const scale = random.uniform(random.key(seed), [], { minval: 0.6, maxval: 1.1 });
    const steps = numpy.arange(to).astype(numpy.float32);
    const places = steps
      .sub((to - 1) / 2)
      .mul(scale)
      .add((from - 1) / 2);
    const low = numpy.floor(places.ref);
    const share = places.sub(low.ref);
    const index = low.astype(numpy.int32);
    // Bilinear: interpolate between the two pixels around each place.
    const resized = (values, axis) => {
      const before = numpy.take(values.ref, index.ref, axis);
      const after = numpy.take(values, index.ref.add(1), axis);
      const shares = share.ref.reshape(axis === 0 ? [to, 1, 1] : [1, to, 1]);
      return before.ref.add(after.sub(before).mul(shares));
    };
    return numpy
      .transpose(resized(resized(image, 0), 1), [2, 0, 1])
      .sub(127)
      .div(128);
  },
});
