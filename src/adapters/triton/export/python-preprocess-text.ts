/** The code of an ensemble's step that makes a model's numbers of 8-bit pixels. */

export const pythonPreprocessText = `"""Turns 8-bit pixels into the numbers that the model takes. Written by Headrace."""

import json
import os
import site

# Where numpy is, when the server's own Python has none.
if "TRITON_SITE_PACKAGES" in os.environ:
    site.addsitedir(os.environ["TRITON_SITE_PACKAGES"])

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        told = {key: value["string_value"] for key, value in config["parameters"].items()}
        self.axis = 1 if told["layout"] == "NCHW" else -1
        dtype = pb_utils.triton_string_to_numpy(config["output"][0]["data_type"])
        values = np.arange(256, dtype=np.float64) * float(told["rescale"])
        # What each 8-bit value of each channel becomes; rounded to float32 first, as Headrace does.
        self.tables = [
            ((values - mean) / std).astype(np.float32).astype(dtype)
            for mean, std in zip(json.loads(told["mean"]), json.loads(told["std"]))
        ]

    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("prepared", self.prepare(request))]) for request in requests]

    def prepare(self, request):
        pixels = pb_utils.get_input_tensor_by_name(request, "images").as_numpy()
        return np.stack([table[pixels[..., channel]] for channel, table in enumerate(self.tables)], axis=self.axis)
`;
