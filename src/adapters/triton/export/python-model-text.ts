/** Python code that serves an exported ONNX model on Triton's python backend. */

export const pythonModelText = `"""Runs the ONNX model beside this file with onnxruntime. Written by Headrace."""

import json
import os
import site

# The folder of numpy and onnxruntime, if the server's Python lacks them.
if "TRITON_SITE_PACKAGES" in os.environ:
    site.addsitedir(os.environ["TRITON_SITE_PACKAGES"])

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        self.input = config["input"][0]["name"]
        self.output = config["output"][0]["name"]
        self.dtype = pb_utils.triton_string_to_numpy(config["output"][0]["data_type"])
        path = os.path.join(args["model_repository"], args["model_version"], "model.onnx")
        providers = ["CPUExecutionProvider"]
        if args["model_instance_kind"] == "GPU":
            device = {"device_id": int(args["model_instance_device_id"])}
            providers.insert(0, ("CUDAExecutionProvider", device))
        self.session = onnxruntime.InferenceSession(path, providers=providers)

    def execute(self, requests):
        # All requests that Triton merged run in one execution.
        batches = [pb_utils.get_input_tensor_by_name(request, self.input).as_numpy() for request in requests]
        (vectors,) = self.session.run([self.output], {self.input: np.concatenate(batches)})
        ends = np.cumsum([len(batch) for batch in batches])[:-1]
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor(self.output, np.ascontiguousarray(rows, dtype=self.dtype))])
            for rows in np.split(vectors, ends)
        ]
`;
