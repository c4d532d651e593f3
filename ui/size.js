// How many bytes a browser loads before it shows a page, by page: `npm run size`, after a build. Fails beyond MOST.
// Counted is all that index.html and the page's own code lead to, workers and what the page loads later included.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const MOST = 300_000;
const DIST = fileURLToPath(new URL("dist/", import.meta.url));
const manifest = JSON.parse(readFileSync(join(DIST, ".vite", "manifest.json"), "utf8"));
const known = new Set(Object.values(manifest).map((chunk) => chunk.file));
const workers = readdirSync(join(DIST, "assets"))
  .map((name) => `assets/${name}`)
  .filter((file) => file.endsWith(".js") && !known.has(file));

/** Adds a chunk's files, those of what it imports, and, where `later`, of what it may import. */
function add(key, files, later) {
  const chunk = manifest[key];
  if (files.has(chunk.file)) return;
  addFile(chunk.file, files);
  for (const file of [...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file);
  for (const other of chunk.imports ?? []) add(other, files, later);
  for (const other of later ? (chunk.dynamicImports ?? []) : []) add(other, files, later);
}

/** Adds a file, and the workers that it names. */
function addFile(file, files) {
  files.add(file);
  const code = readFileSync(join(DIST, file), "utf8");
  for (const worker of workers) if (!files.has(worker) && code.includes(basename(worker))) addFile(worker, files);
}

function bytes(files, ending) {
  const paths = [...files].map((file) => join(DIST, file));
  return paths.reduce((sum, path) => sum + statSync(existsSync(path + ending) ? path + ending : path).size, 0);
}

const start = new Set(["index.html"]);
add("index.html", start, false);
const pages = Object.keys(manifest)
  .filter((key) => start.has(manifest[key].file))
  .flatMap((key) => manifest[key].dynamicImports ?? []);
let tooMany = false;
console.log("  brotli     gzip  to show");
for (const page of ["index.html", ...new Set(pages)]) {
  const files = new Set(start);
  if (page !== "index.html") add(page, files, true);
  const gzip = bytes(files, ".gz");
  tooMany ||= gzip > MOST;
  const columns = [bytes(files, ".br"), gzip].map((size) => size.toLocaleString("en").padStart(8));
  console.log(
    columns.join(" "),
    "",
    page === "index.html" ? "anything" : page.replace(/^src\//, ""),
    gzip > MOST ? "TOO MANY" : "",
  );
}
if (tooMany) {
  console.error(`The first load has at most ${MOST.toLocaleString("en")} bytes, compressed with gzip.`);
  process.exitCode = 1;
}
