"""Prints the vectors that OpenAI's own client gets, in its default encoding (base64) and as floats."""
import json
import sys

from openai import NotFoundError, OpenAI, UnprocessableEntityError

base_url, key, *images = sys.argv[1:]
client = OpenAI(base_url=base_url, api_key=key, max_retries=0)


def vectors(**options):
    answer = client.embeddings.create(model="default", input=images, **options)
    return [each.embedding for each in answer.data]


def text(**request):
    return [each.embedding for each in client.embeddings.create(model="default", **request).data]


def missing(name):
    try:
        client.models.retrieve(name)
    except NotFoundError as error:
        return error.code


def refusal(error_type, **request):
    try:
        client.embeddings.create(**request)
    except error_type as error:
        return {"code": error.code, "type": error.type, "param": error.param}


print(
    json.dumps(
        {
            "default": vectors(),
            "float": vectors(encoding_format="float"),
            "image": vectors(extra_body={"modality": "image"}),
            "model": refusal(NotFoundError, model="gpt", input=images),
            "word": refusal(UnprocessableEntityError, model="default", input="a red dog"),
            "dimensions": refusal(UnprocessableEntityError, model="default", input="stored", dimensions=8),
            "text": text(input="stored"),
            "texts": text(input=["stored", "stored"], encoding_format="float"),
            "mixed": text(input=["stored", images[0]]),
            "models": [each.id for each in client.models.list()],
            "one": client.models.retrieve("default").id,
            "other": missing("gpt"),
        }
    )
)
