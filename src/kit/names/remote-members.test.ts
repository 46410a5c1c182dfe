import assert from "node:assert/strict";
import { test } from "node:test";
import { urlRef } from "./canonical.js";
import { isMemberUri, memberRef, memberRefOf } from "./members.js";
import { isRemoteMemberUri, remoteMember, withoutCredentials } from "./remote-members.js";

const version = '"1"';
const hints = { mark: version, at: "512", size: "9" };

test("a member of a remote file has a stable URI without credentials, and a location that leads back to the file", () => {
  const file = urlRef("https://user:secret@example.com/a.tar?x=1&X-Amz-Signature=2");
  const ref = memberRef({ scheme: "tar", path: "/copy.tar", uri: file.uri, copyOf: { ...file, version } }, "in/ü #1?.jpg", {
    version: `${version}@512`,
    sizeBytes: 9,
    hints,
  });
  assert.equal(ref.uri, "tar+https://example.com/a.tar?x=1#in/%C3%BC%20%231%3F.jpg");
  assert.deepEqual([ref.scheme, ref.root], ["tar+https", "https://example.com/a.tar?x=1"]);
  const member = remoteMember(ref.location);
  assert.deepEqual([member.name, member.hints, member.file.location], ["in/ü #1?.jpg", hints, file.location]);
  assert.deepEqual(remoteMember(withoutCredentials(ref.location)).hints, hints);
  assert.ok(!withoutCredentials(ref.location).includes("secret"));
  assert.equal(memberRefOf(ref.uri).uri, ref.uri);
});

test("keys in buckets keep their characters", () => {
  const file = urlRef("s3://bucket/a #1%20?.tar");
  const ref = memberRef({ scheme: "tar", path: "/copy.tar", uri: file.uri, copyOf: { ...file, version } }, "b.jpg", {
    version,
    sizeBytes: 1,
  });
  assert.equal(ref.uri, "tar+s3://bucket/a %231%2520?.tar#b.jpg");
  assert.equal(remoteMember(ref.uri).file.location, file.location);
  assert.deepEqual([ref.root, memberRefOf(ref.uri).root], [file.uri, file.uri]);
});

test("other URIs are no members of remote files", () => {
  for (const uri of [
    "tar:///a.tar#b",
    "tar+ftp://a/b.tar#c",
    "tar+https://a/b.tar",
    "tar+https://#x",
    "gz+https://a/b#c",
    "https://a/b#c",
  ]) {
    assert.equal(isRemoteMemberUri(uri), false, uri);
  }
  assert.equal(isMemberUri("zip+http://a/b.zip#c"), true);
});
