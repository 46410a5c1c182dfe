/** Puts grey (weights of ITU-R BT.709) into all three channels, with ImageNet's normalisation. */
import { definePreprocessor } from "headrace/adapters/jax";

const weights = [0.2126, 0.7152, 0.0722];
const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];

export const preprocessor = definePreprocessor({
  name: "grey",
  version: "1",
  imageSize: [224, 224],
  geometry: { kind: "crop", shorterSide: 256, width: 224, height: 224, filter: "bilinear" },
  dtype: "float32",
  apply: (image, { numpy }) => {
    const grey = numpy.sum(image.div(255).mul(numpy.array(weights)), -1, { keepdims: true });
    const normalized = grey.sub(numpy.array(mean)).div(numpy.array(std));
    return numpy.transpose(normalized, [2, 0, 1]);
  },
});
