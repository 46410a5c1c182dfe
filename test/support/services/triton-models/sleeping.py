"""A stand-in for one busy GPU: sleeps a base time and a time a row, answers vectors that follow from the pixels alone.

It can log when it was busy, can refuse marked rows, can hang, and can be another model in another version.
"""

import os
import site

site.addsitedir(os.environ["TRITON_SITE_PACKAGES"])

import json
import time

import numpy as np
import triton_python_backend_utils as pb


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        parameters = {name: value["string_value"] for name, value in config["parameters"].items()}
        self.base_s = float(parameters["base_ms"]) / 1000
        self.row_s = float(parameters["row_ms"]) / 1000
        self.dimension = int(parameters["dimension"])
        self.poison = int(parameters["poison_value"]) if "poison_value" in parameters else None
        self.poison_text = parameters.get("poison_text")
        self.hang = int(parameters["hang_value"]) if "hang_value" in parameters else None
        self.hang_ms = float(parameters.get("hang_ms", "0"))
        self.calls_before_hanging = int(parameters.get("hang_after", "-1"))
        self.output_type = np.float16 if config["output"][0]["data_type"] == "TYPE_FP16" else np.float32
        self.log = open(parameters["busy_log"], "a", buffering=1) if "busy_log" in parameters else None
        # Sixteen samples of an image times a fixed matrix: cheap, and different images differ. Few bits a number, so that sums are
        # exact: else a vector's last bits would depend on how many images come with it.
        seeds = [int(seed) for seed in parameters["seeds"].split(",")]
        seed = seeds[min(int(args["model_version"]), len(seeds)) - 1]
        normal = np.random.default_rng(seed).standard_normal((16, self.dimension))
        self.matrix = (np.round(normal * 256) / 256).astype(np.float32)

    def execute(self, requests):
        start = time.monotonic_ns()
        if self.calls_before_hanging == 0:
            time.sleep(3600)
        self.calls_before_hanging -= 1
        responses, rows = [], 0
        for request in requests:
            images = pb.get_input_tensor_by_name(request, "images").as_numpy()
            flat = images.reshape(len(images), -1)
            rows += len(images)
            if self.poison is not None and (flat[:, 0] == self.poison).any():
                row = int(np.argmax(flat[:, 0] == self.poison))
                text = self.poison_text or f"poisoned row {row} of {len(images)}"
                responses.append(pb.InferenceResponse([], pb.TritonError(text)))
                continue
            if self.hang is not None and (flat[:, 0] == self.hang).any():
                time.sleep(self.hang_ms / 1000)
            samples = flat[:, :: flat.shape[1] // 16][:, :16].astype(np.float32)
            vectors = ((samples - 127) / 128 @ self.matrix).astype(self.output_type)
            responses.append(pb.InferenceResponse([pb.Tensor("embedding", vectors)]))
        wake = start / 1e9 + self.base_s + self.row_s * rows
        time.sleep(max(0, wake - time.monotonic()))
        if self.log is not None:
            self.log.write(json.dumps({"start_ns": start, "end_ns": time.monotonic_ns(), "rows": rows, "requests": len(requests)}) + "\n")
        return responses
