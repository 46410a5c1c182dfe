"""Serves an ONNX model of the project through onnxruntime: what Triton's own ONNX backend does, on a Triton that has none."""

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
        parameters = {name: value["string_value"] for name, value in config["parameters"].items()}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(parameters["model_path"], options, providers=["CPUExecutionProvider"])
        self.projection = None
        if "projection_dimension" in parameters:
            width = self.session.get_outputs()[0].shape[1]
            seed = int(parameters["projection_seed"])
            normal = np.random.default_rng(seed).standard_normal((width, int(parameters["projection_dimension"])))
            # Q of a QR decomposition: orthonormal columns.
            self.projection = np.linalg.qr(normal)[0].astype(np.float32)

    def execute(self, requests):
        batches = [pb.get_input_tensor_by_name(request, "images").as_numpy() for request in requests]
        images = np.concatenate(batches)
        if images.dtype == np.float16:
            images = images.astype(np.float32)
        (embedding,) = self.session.run(["embedding"], {"images": images})
        if self.projection is not None:
            embedding = embedding @ self.projection
        responses, start = [], 0
        for batch in batches:
            rows = np.ascontiguousarray(embedding[start : start + len(batch)])
            responses.append(pb.InferenceResponse([pb.Tensor("embedding", rows)]))
            start += len(batch)
        return responses
