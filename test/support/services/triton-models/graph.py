"""Serves any ONNX file through onnxruntime, with the inputs and outputs that config.pbtxt declares."""

import os
import site

site.addsitedir(os.environ["TRITON_SITE_PACKAGES"])

import json

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        self.inputs = [tensor["name"] for tensor in config["input"]]
        self.outputs = [tensor["name"] for tensor in config["output"]]
        path = config["parameters"]["model_path"]["string_value"]
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        feeds = {name: pb.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
        values = self.session.run(self.outputs, feeds)
        return pb.InferenceResponse([pb.Tensor(name, np.ascontiguousarray(value)) for name, value in zip(self.outputs, values)])
