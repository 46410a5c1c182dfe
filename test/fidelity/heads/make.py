"""Makes small heads with scikit-learn, numpy and ONNX, and writes the numbers that they give into expected.json.

    python3 -m venv .cache/heads && .cache/heads/bin/pip install numpy==2.4.6 scikit-learn==1.9.1 skl2onnx==1.20.0 onnx==1.23.2
    .cache/heads/bin/python test/fidelity/heads/make.py
"""

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, save
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression, Ridge

HERE = Path(__file__).parent
# The dimension of the shipped model.
SHIPPED = 1280
random = np.random.default_rng(7)

vectors = random.normal(size=(40, 16)).astype(np.float32)
names = np.array(["beach", "forêt", "山"])[np.argmax(vectors[:, :3], axis=1)]
three = LogisticRegression(max_iter=500).fit(vectors, names)
two = LogisticRegression(max_iter=500).fit(vectors, (vectors[:, 0] > 0).astype(np.int64))
amount = Ridge().fit(vectors, vectors @ np.arange(16))

np.savez(HERE / "three.npz", coef=np.asfortranarray(three.coef_), intercept=three.intercept_, classes=three.classes_.astype(str))
np.savez_compressed(HERE / "two.npz", coef_=two.coef_, intercept_=two.intercept_, classes_=two.classes_)
np.savez(HERE / "amount.npz", weight=amount.coef_.astype(np.float32), bias=np.float32(amount.intercept_))
np.savez(HERE / "objects.npz", coef=three.coef_, intercept=three.intercept_, classes=three.classes_.astype(object))
np.savez(HERE / "short.npz", coef=three.coef_, intercept=three.intercept_[:2])
np.savez(HERE / "other.npz", vectors=vectors)
np.savez(HERE / "shipped.npz", coef=random.normal(size=(3, SHIPPED)).astype(np.float32), classes=np.array([b"a", b"b", b"c"]))

(HERE / "three.onnx").write_bytes(to_onnx(three, vectors[:1], options={"zipmap": False}).SerializeToString())
(HERE / "zipmap.onnx").write_bytes(to_onnx(three, vectors[:1]).SerializeToString())
(HERE / "amount.onnx").write_bytes(to_onnx(amount, vectors[:1]).SerializeToString())


def graph(name, nodes, batch, dimension, outputs):
    inputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [batch, dimension])]
    model = helper.make_model(helper.make_graph(nodes, name, inputs, outputs), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, str(HERE / f"{name}.onnx"))


mean = helper.make_node("ReduceMean", ["vectors"], ["mean"], axes=[1], keepdims=1)
graph("mean", [mean], "n", "numbers", [helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["n", 1])])
# PyTorch exports a batch of one if nothing else is asked for. The output has one dimension.
flat = helper.make_node("ReduceMean", ["vectors"], ["mean"], axes=[1], keepdims=0)
graph("one", [flat], 1, 16, [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [1])])
logits = helper.make_node("Identity", ["vectors"], ["logits"])
graph("logits", [logits], "n", 16, [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 16])])

exponents = np.exp(vectors.astype(np.float64))
expected = {
    "vectors": vectors.tolist(),
    "classes": three.classes_.tolist(),
    "three": three.predict_proba(vectors).tolist(),
    "two": two.predict_proba(vectors).tolist(),
    "amount": amount.predict(vectors).tolist(),
    "mean": vectors.mean(axis=1, dtype=np.float64).tolist(),
    "logits": (exponents / exponents.sum(axis=1, keepdims=True)).tolist(),
}
(HERE / "expected.json").write_text(json.dumps(expected) + "\n")
