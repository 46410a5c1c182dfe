"""Makes small models of architectures that people name, with random weights, and the vectors that the official library gives.

    python3 -m venv .cache/named && .cache/named/bin/pip install torch==2.15.0 torchvision==0.29.2 transformers==5.25.0 onnx==1.23.2 onnxscript==0.7.2 tokenizers==0.23.3
    .cache/named/bin/python test/fidelity/named/make.py

Each folder has the layout of exports for transformers.js: onnx/, preprocessor_config.json, config.json and the files of the tokenizer.
"""

import gzip
import hashlib
import json
import shutil
from pathlib import Path

import onnx
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BitImageProcessor,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    Dinov2Config,
    Dinov2Model,
    DINOv3ViTConfig,
    DINOv3ViTImageProcessor,
    DINOv3ViTModel,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
)

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
PHOTOS = ["chelsea.jpg", "coffee.jpg", "rocket.jpg"]
TEXTS = ["a photo of a cat", "A Photo Of A CAT", "Ein Hund, zwei Katzen!", "ΟΔΥΣΣΕΥΣ", "красный дом", "一只猫", "x y " * 100, ""]
VOCABULARY = 700
CHUNK = 20
SIDE = 224
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def lively(model):
    """Random weights of the usual size give nearly the same vector for every image. Larger ones tell images apart."""
    torch.manual_seed(11)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn_like(parameter) / parameter[0].numel() ** 0.5)
            elif "bias" in name:
                parameter.copy_(torch.randn_like(parameter) * 0.1)
    return model.eval()


class Vision(torch.nn.Module):
    def __init__(self, run):
        super().__init__()
        self.run = run[0]
        self.names = run[1]

    def forward(self, pixel_values):
        outputs = self.run(pixel_values=pixel_values)
        return tuple(getattr(outputs, name) for name in self.names)


class Text(torch.nn.Module):
    def __init__(self, tower):
        super().__init__()
        self.tower = tower

    def forward(self, input_ids):
        outputs = self.tower(input_ids=input_ids)
        return outputs.last_hidden_state, outputs.pooler_output


def export(module, example, path, input_name, outputs, dynamic):
    """The older exporter makes smaller files, but its DINOv3 has other vectors (cosine 0.998)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = {"input_names": [input_name], "output_names": outputs}
    if path.parent.parent.name == "dinov3":
        shapes = ({0: torch.export.Dim("batch")},)
        torch.onnx.export(module, (example,), str(path), **names, dynamic_shapes=shapes, dynamo=True, external_data=False)
        model = onnx.load(path)
        for part in [model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer]:
            part.ClearField("metadata_props")
        model.ClearField("functions")
        onnx.save(model, path)
    else:
        torch.onnx.export(module, (example,), str(path), **names, dynamic_axes={input_name: dynamic}, dynamo=False)


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def image_vectors(model, processor, output):
    rows = []
    for name in PHOTOS:
        pixels = processor(images=Image.open(GOLDEN / name).convert("RGB"), return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            rows.append(output(model, pixels)[0].double().tolist())
    return rows


def many_texts():
    """10,000 texts in ten scripts, which small-clip.py has made."""
    return json.loads(gzip.decompress((HERE.parent / "clip" / "tokenizers.json.gz").read_bytes()))["texts"]


def digests(tokenizer):
    """A hash of the tokens of twenty texts each, by script."""
    digest = lambda value: hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()[:16]
    ids = {script: tokenizer(each)["input_ids"] for script, each in many_texts().items()}
    return {script: [digest(lists[at : at + CHUNK]) for at in range(0, len(lists), CHUNK)] for script, lists in ids.items()}


def gemma_tokenizer(folder):
    """Gemma's tokenizer: BPE with bytes for unknown characters, and spaces as ▁. The file says nothing of lower case."""
    texts = [text for each in many_texts().values() for text in each]
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *[f"<0x{byte:02X}>" for byte in range(256)]]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=VOCABULARY, show_progress=False, special_tokens=special, limit_alphabet=120))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing("$A <eos>", special_tokens=[("<eos>", 1)])
    saved = json.loads(tokenizer.to_str())
    # The bytes are ordinary tokens, as in Gemma's file.
    saved["added_tokens"] = [token for token in saved["added_tokens"] if not token["content"].startswith("<0x")]
    (folder / "tokenizer.json").write_text(json.dumps(saved, ensure_ascii=False, separators=(",", ":")) + "\n")
    write(folder / "tokenizer_config.json", {
        "tokenizer_class": "GemmaTokenizer", "model_max_length": 10**30, "pad_token": "<pad>", "eos_token": "<eos>", "padding_side": "right",
    })
    return Siglip2Tokenizer.from_pretrained(str(folder), padding_side="right")


def siglip2():
    folder = HERE / "siglip2"
    folder.mkdir(exist_ok=True)
    tokenizer = gemma_tokenizer(folder)
    config = SiglipConfig(
        text_config={**SMALL, "vocab_size": VOCABULARY, "max_position_embeddings": 64, "projection_size": 32},
        vision_config={**SMALL, "image_size": SIDE, "patch_size": 16},
    )
    model = lively(SiglipModel(config))
    processor = SiglipImageProcessor(size={"height": SIDE, "width": SIDE}, resample=2)
    processor.save_pretrained(folder)
    # Published files name only what differs from the defaults.
    write(folder / "config.json", {"model_type": "siglip", "text_config": {"vocab_size": VOCABULARY}})
    names = ["last_hidden_state", "pooler_output"]
    export(Vision((model.vision_model, names)), torch.zeros(2, 3, SIDE, SIDE), folder / "onnx" / "vision_model.onnx", "pixel_values", names, {0: "batch"})
    export(Text(model.text_model), torch.ones(2, 64, dtype=torch.int64), folder / "onnx" / "text_model.onnx", "input_ids", names, {0: "batch", 1: "length"})
    texts = []
    for text in TEXTS:
        ids = tokenizer([text], padding="max_length", truncation=True, max_length=64, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            vector = model.text_model(input_ids=ids).pooler_output[0]
        texts.append({"text": text, "ids": ids[0].tolist(), "vector": vector.double().tolist()})
    images = image_vectors(model, processor, lambda m, pixels: m.vision_model(pixel_values=pixels).pooler_output)
    return {"images": images, "texts": texts, "sha256": digests(tokenizer)}


def dino(name, model, processor, outputs, vector):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    processor.save_pretrained(folder)
    write(folder / "config.json", {"model_type": model.config.model_type})
    lively(model)
    dynamic = {0: "batch", 2: "height", 3: "width"} if name == "dinov2" else {0: "batch"}
    export(Vision((model, outputs)), torch.zeros(2, 3, SIDE, SIDE), folder / "onnx" / "model.onnx", "pixel_values", outputs, dynamic)
    return {"images": image_vectors(model, processor, vector), "texts": []}


def clip():
    folder = HERE / "clip"
    folder.mkdir(exist_ok=True)
    config = CLIPConfig(
        text_config={**SMALL, "vocab_size": 100, "projection_dim": 24},
        vision_config={**SMALL, "image_size": SIDE, "patch_size": 16, "projection_dim": 24}, projection_dim=24,
    )
    model = lively(CLIPModel(config))
    processor = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    processor.save_pretrained(folder)
    write(folder / "config.json", {"model_type": "clip"})

    class Embeds(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.tower, self.projection = model.vision_model, model.visual_projection

        def forward(self, pixel_values):
            return self.projection(self.tower(pixel_values=pixel_values).pooler_output)

    export(Embeds(), torch.zeros(2, 3, SIDE, SIDE), folder / "onnx" / "vision_model.onnx", "pixel_values", ["image_embeds"], {0: "batch"})
    return {"images": image_vectors(model, processor, lambda _, pixels: Embeds()(pixels)), "texts": []}


def main():
    for name in ["siglip2", "dinov2", "dinov3", "clip"]:
        shutil.rmtree(HERE / name, ignore_errors=True)
    size = {"height": SIDE, "width": SIDE}
    expected = {
        "siglip2": siglip2(),
        "dinov2": dino(
            "dinov2",
            Dinov2Model(Dinov2Config(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, image_size=SIDE, patch_size=16)),
            BitImageProcessor(size={"shortest_edge": 256}, crop_size=size, do_center_crop=True, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]),
            ["last_hidden_state"],
            lambda model, pixels: model(pixel_values=pixels).last_hidden_state[:, 0],
        ),
        "dinov3": dino(
            "dinov3",
            DINOv3ViTModel(DINOv3ViTConfig(**SMALL, image_size=SIDE, patch_size=16, num_register_tokens=2)),
            DINOv3ViTImageProcessor(size=size),
            ["last_hidden_state", "pooler_output"],
            lambda model, pixels: model(pixel_values=pixels).pooler_output,
        ),
        "clip": clip(),
    }
    rounded = json.loads(json.dumps(expected), parse_float=lambda text: round(float(text), 7))
    (HERE / "expected.json").write_text(json.dumps(rounded, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
