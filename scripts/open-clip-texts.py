#!/usr/bin/env python3
"""Makes test/fidelity/clip/cleaned.json.gz: what open_clip makes of texts before it splits them into tokens.

The texts are those of tokenizers.json.gz, and a thousand more with what people copy from web pages. Same bytes again with the versions below:

    python3 -m venv venv && venv/bin/pip install open_clip_torch==2.32.0 ftfy==6.3.1
    venv/bin/python scripts/open-clip-texts.py
"""

import gzip
import hashlib
import json
import random
from pathlib import Path

from open_clip.tokenizer import get_clean_fn

CLIP = Path(__file__).resolve().parent.parent / "test" / "fidelity" / "clip"
CHUNK = 20
COUNT = 1000
WORDS = ["a photo of", "cat", "École", "Straße", "ΟΔΟΣ", "дом", "猫の写真", "고양이", "قطة", "in the snow", "no. 5", "hot_dog", "f/2.8"]
ODD = [
    "Tom &amp; Jerry", "caf&eacute;", "&EACUTE;COLE", "&lt;b&gt;", "&amp;amp;lt;", "&AMP;", "&notit;", "&copy 2020", "x &lt y", "&nosuch;", "&#8217;",
    "&#x1F600;", "&#150;", "&#59;", "&nbsp;", "<b>bold</b>", "rock ’n’ roll", "“double”", "‚low‘", "kwakʼwala", "ﬁne ﬂuﬀ ﬃ ﬄ ﬅ ﬆ", "ŉ", "Ǆ ǆ Ǉ ǌ Ĳ ĳ",
    "ＦＵＬＬ　ｗｉｄｔｈ！", "ｶﾞﾗｽ", "ﾡ", "￥１００", "one\r\ntwo\rthree", "line\u2028break\u2029end", "a\x0bb\x0cc", "bell\x07", "\x1b[31mred\x1b[0m", "\ufeffmark",
    "zero\u200bwidth", "soft\u00adhyphen", "e\u0301", "Å", "\u00a0", "...", "!?", "@#$%^*()[]{}|\\~`", "—", "½", "İ", "ẞ", "👩‍👩‍👧", "\ufffc", "\u206a",
]


def odd_texts():
    rng = random.Random("texts that need cleaning")
    texts = [*ODD]
    while len(texts) < COUNT:
        parts = [rng.choice(ODD if rng.random() < 0.5 else WORDS) for _ in range(rng.randint(1, 6))]
        texts.append("".join(part + rng.choice([" ", " ", "  ", ", ", "\t", "\n", ""]) for part in parts))
    return texts


def main():
    texts = json.loads(gzip.decompress((CLIP / "tokenizers.json.gz").read_bytes()))["texts"] | {"odd": odd_texts()}
    digest = lambda part: hashlib.sha256(json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()[:12]
    chunks = lambda each: [digest(each[at : at + CHUNK]) for at in range(0, len(each), CHUNK)]
    cleaned = {
        kind: {script: chunks([get_clean_fn(kind)(text) for text in each]) for script, each in texts.items()}
        for kind in ("lower", "whitespace", "canonicalize")
    }
    bundle = json.dumps({"odd": texts["odd"], "sha256": cleaned}, ensure_ascii=False, separators=(",", ":"))
    (CLIP / "cleaned.json.gz").write_bytes(gzip.compress(bundle.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
