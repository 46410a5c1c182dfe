/** Which files are images: browsers give no type to formats that their system does not know, such as HEIC. */

/** `extensions`: those of the service, without the dot. */
export function isImageFile({ name, type }: File, extensions: readonly string[]): boolean {
  const extension = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return type.startsWith("image/") || extensions.includes(extension);
}

/** What a file chooser offers. */
export function acceptedFiles(extensions: readonly string[]): string {
  return ["image/*", ...extensions.map((extension) => `.${extension}`)].join(",");
}
