/** Python code of the ensemble's preprocessing step. */

export const pythonPreprocessText = `"""Converts 8-bit pixels to the model's input. Written by Headrace."""

import json
import os
import site

# The folder of numpy, if the server's Python lacks it.
if "TRITON_SITE_PACKAGES" in os.environ:
    site.addsitedir(os.environ["TRITON_SITE_PACKAGES"])

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        parameters = {key: value["string_value"] for key, value in config["parameters"].items()}
        self.axis = 1 if parameters["layout"] == "NCHW" else -1
        dtype = pb_utils.triton_string_to_numpy(config["output"][0]["data_type"])
        values = np.arange(256, dtype=np.float64) * float(parameters["rescale"])
        # A lookup table per channel. Rounds to float32 first, as Headrace does.
        self.tables = [
            ((values - mean) / std).astype(np.float32).astype(dtype)
            for mean, std in zip(json.loads(parameters["mean"]), json.loads(parameters["std"]))
        ]

    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("prepared", self.prepare(request))]) for request in requests]

    def prepare(self, request):
        pixels = pb_utils.get_input_tensor_by_name(request, "images").as_numpy()
        return np.stack([table[pixels[..., channel]] for channel, table in enumerate(self.tables)], axis=self.axis)
`;
