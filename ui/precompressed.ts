import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import type { Plugin } from "vite";

const FORMS = [
  { ending: ".br", compress: promisify(brotliCompress) },
  { ending: ".gz", compress: promisify(gzip) },
];
const TEXT = /^[^.].*\.(css|html|js|json|svg)$/;

/** Puts beside each file of a build what it is compressed, where that is less. */
export function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    async writeBundle({ dir }, bundle) {
      const paths = Object.keys(bundle).filter((name) => TEXT.test(name));
      await Promise.all(paths.map((name) => compress(join(dir ?? ".", name))));
    },
  };
}

async function compress(path: string) {
  const content = await readFile(path);
  for (const form of FORMS) {
    const less = await form.compress(content);
    if (less.length < content.length) await writeFile(path + form.ending, less);
  }
}
