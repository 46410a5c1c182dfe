"""Sends a file up to a byte with the tus client of Python. A second call goes on. Prints at which byte it began, and the id of the upload."""
import sys

from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage

url, path, storage, end = sys.argv[1:]
uploader = TusClient(url).uploader(
    path,
    chunk_size=100_000,
    metadata={"filename": "photos.zip"},
    store_url=True,
    url_storage=FileStorage(storage),
    retries=50,
    retry_delay=0.1,
)
begin = uploader.offset
uploader.upload(stop_at=int(end))
print(begin, uploader.url.split("/")[-1])
