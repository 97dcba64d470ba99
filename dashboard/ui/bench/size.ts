import { gzipSync } from "node:zlib";

/** Goal for what a browser fetches before a run is seen, in kB after gzip. */
export const FIRST_LOAD_KB = 175;

/** One entry of the manifest that the build writes. */
export interface Chunk {
  file: string;
  isEntry?: boolean;
  imports?: string[];
  dynamicImports?: string[];
}

/** The JavaScript that a browser fetches before a page stands: the entry, the page, and what they import. */
export function firstLoad(manifest: Readonly<Record<string, Chunk>>, page: string): string[] {
  const files = new Set<string>();
  const visit = (key: string) => {
    const chunk = manifest[key];
    if (chunk === undefined)
      throw new Error(`the build has no ${key}; it has ${Object.keys(manifest).join(", ")}`);
    if (!chunk.file.endsWith(".js") || files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const next of chunk.imports ?? []) visit(next);
  };
  for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) visit(key);
  visit(page);
  return [...files];
}

/** Size in kB (1000 bytes) after gzip. */
export function gzipKB(body: Buffer): number {
  return gzipSync(body, { level: 9 }).length / 1000;
}
