#!/usr/bin/env python3
"""Makes the int8 graph of the shipped model, and its golden vectors. models/README.md names the versions that give the same bytes."""
import hashlib
import json
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

root = pathlib.Path(__file__).resolve().parent.parent
source = root / "models" / "efficientnet-lite0-uint8.onnx"
out = root / "models" / "efficientnet-lite0-int8.onnx"
golden = root / "test" / "fidelity" / "golden"
pixels = {path.stem: np.frombuffer(path.read_bytes(), np.uint8).reshape(1, 224, 224, 3) for path in sorted(golden.glob("*.u8"))}


def with_float_weights(path):
    """The shipped graph casts float16 weights to float32. The quantizer finds only weights that are float32 constants."""
    model = onnx.load(path)
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    kept = []
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in weights:
            values = numpy_helper.to_array(weights[node.input[0]]).astype(np.float32)
            graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
    return model


class GoldenPixels(CalibrationDataReader):
    """The pixels of the golden images: they are in the repository, so nothing is decoded or resized here."""

    def __init__(self):
        self.left = iter(pixels.values())

    def get_next(self):
        image = next(self.left, None)
        return None if image is None else {"images": image}


with tempfile.TemporaryDirectory() as folder:
    plain, ready = f"{folder}/plain.onnx", f"{folder}/ready.onnx"
    onnx.save(with_float_weights(source), plain)
    quant_pre_process(plain, ready, skip_symbolic_shape=True)
    quantize_static(
        ready,
        out,
        GoldenPixels(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        reduce_range=True,  # 7-bit weights: 8-bit ones overflow on processors without VNNI, which then compute other vectors
    )

session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
embeddings = {name: session.run(["embedding"], {"images": image})[0][0] for name, image in pixels.items()}
document = {
    "model": out.name,
    "model_sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
    "made_with": {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__, "numpy": np.__version__},
    "embeddings": {name: [float(f"{value:.6g}") for value in vector] for name, vector in embeddings.items()},
}
(golden / "golden-int8.json").write_text(json.dumps(document) + "\n")
print(document["model_sha256"], out.stat().st_size)
