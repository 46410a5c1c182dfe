#!/usr/bin/env python3
"""Makes the fixtures in test/fidelity/clip: three tokenizers with 10,000 texts, and a small CLIP with fixed random weights.

The folder is laid out as exports for transformers.js are: onnx/vision_model.onnx, onnx/text_model.onnx, tokenizer.json and the
configurations. Same bytes again with the versions below:

    python3 -m venv venv && venv/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 tokenizers==0.23.3 babel==2.17.0
    venv/bin/python scripts/small-clip.py
"""

import gzip
import hashlib
import json
import random
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from babel import Locale
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = Path(__file__).resolve().parent.parent / "test" / "fidelity" / "clip"
GOLDEN = OUT.parent / "golden"
# One language for each of ten scripts.
SCRIPTS = {
    "latin": "de", "cyrillic": "ru", "greek": "el", "arabic": "ar", "hebrew": "he",
    "devanagari": "hi", "thai": "th", "chinese": "zh", "japanese": "ja", "korean": "ko",
}
TEXTS_PER_SCRIPT = 1000
# Texts whose tokens share one hash.
CHUNK = 20
VOCABULARY = 1500
CONTEXT = 16
SIDE, WIDTH, DIMENSION = 32, 32, 24
QUERIES = ["a photo of a cat", "Ein Hund, zwei Katzen!", "красный дом", "一只猫在沙发上", "猫の写真", "고양이", "ภาพถ่าย", "x" * 200, "a", ""]


def words_of(language):
    """Names of languages and territories, of months and days, from CLDR."""
    locale = Locale(language)
    names = [*locale.languages.values(), *locale.territories.values(), *locale.months["format"]["wide"].values()]
    return sorted({name for name in names + list(locale.days["format"]["wide"].values()) if name})


def texts_of(script, language):
    """Texts of one to eight words, with the case, the punctuation and the oddities that people type."""
    rng = random.Random(f"texts of {script}")
    words, english = words_of(language), words_of("en")
    odd = ["😀", "👩‍👩‍👧", "é", "e\u0301", "ﬁ", "№ 5", "1.234,50", "  ", "\t", "don't", "it's", "<b>", "www.example.com", "¿?", "—", "½", "İ", "ß"]
    joins = [" ", " ", " ", ", ", " - ", "", "/", "! ", ". "]
    texts = []
    for _ in range(TEXTS_PER_SCRIPT):
        parts = [rng.choice(words if rng.random() < 0.8 else english if rng.random() < 0.5 else odd) for _ in range(rng.randint(1, 8))]
        text = "".join(part + rng.choice(joins) for part in parts)
        texts.append(rng.choice([text, text, text.lower(), text.upper(), text.title()]))
    return texts


def clip_tokenizer(texts):
    """The parts of CLIP's tokenizer: lower case, CLIP's pattern, BPE on bytes with an ending for words."""
    tokenizer = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>", continuing_subword_prefix=""))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    pattern = r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""
    split = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, show_progress=False, special_tokens=["<|startoftext|>", "<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), end_of_word_suffix="</w>",
    )
    tokenizer.train_from_iterator(texts, trainer)
    # CLIP's own class, because only it puts <|endoftext|> last.
    tokenizer.post_processor = processors.RobertaProcessing(("<|endoftext|>", 1), ("<|startoftext|>", 0), False, False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def bert_tokenizer(texts):
    """Of Chinese CLIP: BERT's normalizer and WordPiece."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=VOCABULARY, show_progress=False, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def unigram_tokenizer(texts):
    """Of SigLIP and of multilingual CLIP: SentencePiece's Unigram."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=VOCABULARY, show_progress=False, special_tokens=special, unk_token="<unk>")
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def weights(rng, *shape):
    return (rng.standard_normal(shape) / np.sqrt(shape[-2] if len(shape) > 1 else 8)).astype(np.float32)


def save(path, nodes, inputs, outputs, constants):
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def text_model(path, rng):
    """Token and position embeddings, one attention layer, the vector of the last token, and a projection."""
    node = helper.make_node
    nodes = [
        node("Cast", ["tokens8"], ["tokens32"], to=TensorProto.FLOAT), node("Mul", ["tokens32", "scale"], ["tokens"]),
        node("Gather", ["tokens", "input_ids"], ["embedded"]),
        node("Shape", ["input_ids"], ["shape"]), node("Gather", ["shape", "one"], ["length"]), node("Unsqueeze", ["length", "zero1"], ["length1"]),
        node("Slice", ["positions", "zero1", "length1", "zero1"], ["placed"]), node("Add", ["embedded", "placed"], ["x"]),
        node("MatMul", ["x", "query"], ["q"]), node("MatMul", ["x", "key"], ["k"]), node("MatMul", ["x", "value"], ["v"]),
        node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]), node("MatMul", ["q", "kt"], ["scores"]),
        node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT), node("Sub", ["mask", "onef"], ["less"]), node("Mul", ["less", "large"], ["bias"]),
        node("Unsqueeze", ["bias", "one1"], ["bias3"]), node("Add", ["scores", "bias3"], ["masked"]), node("Softmax", ["masked"], ["weights"], axis=-1),
        node("MatMul", ["weights", "v"], ["attended"]), node("Add", ["x", "attended"], ["y"]), node("Tanh", ["y"], ["last_hidden_state"]),
        node("Cast", ["attention_mask"], ["mask64"], to=TensorProto.INT64), node("ReduceSum", ["mask64", "one1"], ["lengths"], keepdims=1),
        node("Sub", ["lengths", "one1"], ["last"]), node("Unsqueeze", ["last", "two1"], ["last3"]), node("Expand", ["last3", "row"], ["index"]),
        node("GatherElements", ["last_hidden_state", "index"], ["pooled3"], axis=1), node("Squeeze", ["pooled3", "one1"], ["pooled"]),
        node("MatMul", ["pooled", "projection"], ["text_embeds"]),
    ]
    constants = {
        "tokens8": rng.integers(-127, 128, (VOCABULARY + 8, WIDTH)).astype(np.int8), "scale": np.float32(1 / 32).reshape(()),
        "positions": weights(rng, CONTEXT, WIDTH), "projection": weights(rng, WIDTH, DIMENSION),
        **{name: weights(rng, WIDTH, WIDTH) for name in ("query", "key", "value")},
        "one": np.array(1), "zero1": np.array([0]), "one1": np.array([1]), "two1": np.array([2]), "row": np.array([1, 1, WIDTH]),
        "onef": np.float32(1).reshape(()), "large": np.float32(1e4).reshape(()),
    }
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in ("input_ids", "attention_mask")]
    outputs = [
        helper.make_tensor_value_info("text_embeds", TensorProto.FLOAT, ["batch", DIMENSION]),
        helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", WIDTH]),
    ]
    save(path, nodes, inputs, outputs, constants)


def vision_model(path, rng):
    """Patches of 8 x 8 pixels, a layer, the mean of the patches, and a projection."""
    node = helper.make_node
    nodes = [
        node("Conv", ["pixel_values", "patch"], ["patches"], kernel_shape=[8, 8], strides=[8, 8]), node("Tanh", ["patches"], ["active"]),
        node("GlobalAveragePool", ["active"], ["pool"]), node("Flatten", ["pool"], ["flat"], axis=1), node("MatMul", ["flat", "projection"], ["image_embeds"]),
    ]
    patch = (rng.standard_normal((WIDTH, 3, 8, 8)) / 8).astype(np.float32)
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])
    embeds = helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["batch", DIMENSION])
    save(path, nodes, [pixels], [embeds], {"patch": patch, "projection": weights(rng, WIDTH, DIMENSION)})


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def compact(tokenizer):
    return json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))


def main():
    texts = {script: texts_of(script, language) for script, language in SCRIPTS.items()}
    everything = [text for each in texts.values() for text in each]
    OUT.mkdir(parents=True, exist_ok=True)
    made = {"bpe": clip_tokenizer(everything), "wordpiece": bert_tokenizer(everything), "unigram": unigram_tokenizer(everything)}
    ids = {name: {script: [tokenizer.encode(text).ids for text in each] for script, each in texts.items()} for name, tokenizer in made.items()}
    digest = lambda value: hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()
    bundle = {"texts": texts, "tokenizers": {name: json.loads(tokenizer.to_str()) for name, tokenizer in made.items()}}
    chunks = lambda lists: [digest(lists[at : at + CHUNK])[:16] for at in range(0, len(lists), CHUNK)]
    bundle["sha256"] = {name: {script: chunks(lists) for script, lists in scripts.items()} for name, scripts in ids.items()}
    packed = gzip.compress(json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode(), 9, mtime=0)
    (OUT / "tokenizers.json.gz").write_bytes(packed)

    model = OUT / "model"
    (model / "onnx").mkdir(parents=True, exist_ok=True)
    (model / "tokenizer.json").write_text(compact(made["bpe"]) + "\n")
    write(model / "tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer", "model_max_length": CONTEXT, "pad_token": "<|endoftext|>"})
    write(model / "config.json", {"model_type": "clip", "projection_dim": DIMENSION})
    write(model / "preprocessor_config.json", {
        "image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": SIDE}, "resample": 3, "do_center_crop": True,
        "crop_size": {"height": SIDE, "width": SIDE}, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
    })
    text_model(model / "onnx" / "text_model.onnx", np.random.default_rng(1))
    vision_model(model / "onnx" / "vision_model.onnx", np.random.default_rng(2))
    text_model(OUT / "other_text_model.onnx", np.random.default_rng(3))

    tokenizer = Tokenizer.from_str(made["bpe"].to_str())
    tokenizer.enable_truncation(CONTEXT)
    session = onnxruntime.InferenceSession(model / "onnx" / "text_model.onnx")
    text_vectors = []
    for query in QUERIES:
        encoded = tokenizer.encode(query)
        feeds = {"input_ids": np.array([encoded.ids]), "attention_mask": np.array([encoded.attention_mask])}
        text_vectors.append({"text": query, "ids": encoded.ids, "vector": session.run(["text_embeds"], feeds)[0][0].astype(float).round(7).tolist()})
    rng = np.random.default_rng(4)
    pixels = (rng.integers(-2000, 2000, (3, 3, SIDE, SIDE)) / 1000).astype(np.float32)
    vision = onnxruntime.InferenceSession(model / "onnx" / "vision_model.onnx")
    image_vectors = vision.run(["image_embeds"], {"pixel_values": pixels})[0].astype(float).round(7).tolist()
    (OUT / "pixels.f32.gz").write_bytes(gzip.compress(pixels.tobytes(), 9, mtime=0))
    write(OUT / "vectors.json", {"texts": text_vectors, "images": image_vectors})


if __name__ == "__main__":
    main()
